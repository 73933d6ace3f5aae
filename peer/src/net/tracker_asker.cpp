#include "net/tracker_asker.hpp"

#include <chrono>
#include <utility>

namespace xfsbus::peer::net {
namespace {

/// Longer than the tracker's own check of its candidates may take, for each page.
constexpr auto answer_most = std::chrono::seconds(3);

/// As long as it may wait for a change, and a while for the rest.
constexpr auto changes_most = std::chrono::seconds(15);

Error wrong_kind() {
    return {Errc::network, "an answer of the wrong kind"};
}

}  // namespace

void TrackerAsker::find(wire::Find question, OnAnswer<std::vector<wire::FoundFile>> on_files) {
    ask_pages<wire::FoundFile>(std::move(question), &wire::Found::files, std::move(on_files));
}

void TrackerAsker::find_first(wire::Find question,
                              OnAnswer<std::vector<wire::FoundFile>> on_files) {
    question.limit = 1;
    question.sources = 1;
    link_.ask(question, answer_most, [on_files = std::move(on_files)](auto answer) {
        auto* const page = answer ? std::get_if<wire::Found>(&*answer) : nullptr;
        page != nullptr ? on_files(std::move(page->files))
                        : on_files(answer ? wrong_kind() : answer.error());
    });
}

void TrackerAsker::subscribe(wire::Subscribe question, OnAnswer<wire::Changes> on_changes) {
    link_.ask(std::move(question), changes_most, [on_changes = std::move(on_changes)](auto answer) {
        auto* const changes = answer ? std::get_if<wire::Changes>(&*answer) : nullptr;
        changes != nullptr ? on_changes(std::move(*changes))
                           : on_changes(answer ? wrong_kind() : answer.error());
    });
}

void TrackerAsker::list(std::string const& pattern,
                        OnAnswer<std::vector<wire::ListedFile>> on_files) {
    ask_pages<wire::ListedFile>(wire::Subscribe{pattern, {}}, &wire::Changes::files,
                                std::move(on_files));
}

void TrackerAsker::list_peers(OnAnswer<std::vector<wire::PeerEntry>> on_peers) {
    ask_peers(std::move(on_peers), {});
}

void TrackerAsker::look_at_peers(OnAnswer<Look> on_look) {
    auto const young = std::make_shared<bool>(false);
    auto on_all = [young, on_look = std::move(on_look)](auto peers) {
        peers ? on_look(Look{std::move(*peers), *young}) : on_look(peers.error());
    };
    std::function<void(wire::PeerList const&)> on_page = [young](auto const& page) {
        *young = *young || page.young;
    };
    ask_peers(std::move(on_all), std::move(on_page));
}

void TrackerAsker::ask_peers(OnAnswer<std::vector<wire::PeerEntry>> on_peers,
                             std::function<void(wire::PeerList const&)> on_page) {
    auto on_all = [this, on_peers = std::move(on_peers)](auto peers) {
        if (peers && on_peers_) {
            on_peers_(*peers);
        }
        on_peers(std::move(peers));
    };
    ask_pages<wire::PeerEntry>(wire::ListPeers{}, &wire::PeerList::peers, std::move(on_all),
                               std::move(on_page));
}

template <typename Entry, typename Question, typename Page>
void TrackerAsker::ask_pages(Question question, std::vector<Entry> Page::*entries,
                             OnAnswer<std::vector<Entry>> on_all,
                             std::function<void(Page const&)> on_page,
                             std::shared_ptr<swarm::Pages<Entry>> pages) {
    if (!pages) {
        pages = std::make_shared<swarm::Pages<Entry>>(reactor_.now());
    }
    auto on_answer = [this, question, entries, pages, on_page = std::move(on_page),
                      on_all = std::move(on_all)](Result<wire::Message> answer) mutable {
        if (!answer) {
            return on_all(answer.error());
        }
        auto* const page = std::get_if<Page>(&*answer);
        if (page == nullptr) {
            return on_all(wrong_kind());
        }
        if (on_page) {
            on_page(*page);
        }
        auto const more = pages->take(reactor_.now(), std::move(page->*entries), page->next);
        if (!more) {
            return on_all(more.error());
        }
        if (!*more) {
            return on_all(std::move(*pages).all());
        }
        question.after = page->next;
        ask_pages(std::move(question), entries, std::move(on_all), std::move(on_page), pages);
    };
    link_.ask(question, answer_most, std::move(on_answer));
}

}  // namespace xfsbus::peer::net
