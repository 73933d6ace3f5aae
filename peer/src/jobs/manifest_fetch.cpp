#include "jobs/manifest_fetch.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/wire/name.hpp>

#include <cstring>
#include <span>

namespace xfsbus::peer::jobs {
namespace {

bool is_content(wire::ContentId const& content, std::string_view manifest,
                policies::HashAlgorithm const& algorithm) {
    auto const digest = policies::digest(algorithm, std::as_bytes(std::span(manifest)));
    return digest.size() >= wire::ContentId::size &&
           std::memcmp(digest.data(), content.bytes.data(), wire::ContentId::size) == 0;
}

}  // namespace

Result<std::shared_ptr<wire::Manifest const>> check_manifest(Hashes& hashes,
                                                             wire::ContentId const& content,
                                                             std::string_view bytes) {
    auto manifest = wire::decode_manifest(bytes);
    if (!manifest) {
        return manifest.error();
    }
    auto const algorithm = hashes.get(manifest->algorithm);
    if (!algorithm) {
        return algorithm.error();
    }
    try {
        if ((*algorithm)->digest_size() == manifest->digest_bytes &&
            is_content(content, bytes, **algorithm)) {
            return std::make_shared<wire::Manifest const>(std::move(*manifest));
        }
    } catch (policies::PolicyFault const& fault) {
        return Error{Errc::plugin, fault.what()};
    }
    return Error{Errc::integrity, "it sent a manifest that is not the one of this content"};
}

ManifestFetch::ManifestFetch(bus::Scheduler& scheduler, net::Executor& store, Hashes& hashes,
                             Owner owner)
    : scheduler_(scheduler),
      store_(store),
      hashes_(hashes),
      owner_(std::move(owner)),
      alarm_(scheduler, [this] {
          fetcher_.on_tick(scheduler_.now());
          pump();
      }) {}

ManifestFetch::~ManifestFetch() {
    stop();
}

void ManifestFetch::want(std::vector<swarm::ManifestFetcher::Want> const& wants) {
    fetcher_.want(wants);
    pump();
}

void ManifestFetch::add_source(wire::ContentId const& content, wire::Endpoint const& source) {
    fetcher_.add_source(content, source);
    pump();
}

void ManifestFetch::on_search_done(wire::ContentId const& content) {
    fetcher_.on_search_done(content);
    pump();
}

void ManifestFetch::check_own(wire::ContentId const& content,
                              std::shared_ptr<std::string const> bytes,
                              std::function<void(Checked const&)> then) {
    auto const size = bytes->size();
    on_store_thread(
        size,
        [content, bytes = std::move(bytes), &hashes = hashes_] {
            return check_manifest(hashes, content, *bytes);
        },
        std::move(then));
}

void ManifestFetch::stop() {
    stopped_ = true;
    alarm_.set(std::nullopt);
}

/// Does what the core wants done. What the owner does may call this again.
void ManifestFetch::pump() {
    if (stopped_) {
        return;
    }
    auto const self = shared_from_this();
    auto actions = fetcher_.take_actions(scheduler_.now());
    alarm_.set(fetcher_.next_deadline());
    for (auto const& discredited : actions.discredited) {
        owner_.on_discredited(discredited);
    }
    if (!actions.checks.empty()) {
        check(std::move(actions.checks));
    }
    for (auto const& each : actions.asks) {
        ask(each);
    }
    for (auto const& have : actions.haves) {
        owner_.on_have(have);
    }
    for (auto const& failed : actions.failures) {
        owner_.on_failed(failed);
    }
    for (auto const& search : actions.searches) {
        owner_.search(search.content);
    }
}

void ManifestFetch::ask(swarm::ManifestFetcher::Ask const& ask) {
    auto const link = owner_.link(ask.source);
    if (!link) {
        // Not before this turn is over: the core is told of one thing at a time.
        scheduler_.post([self = shared_from_this(), source = ask.source] {
            self->on_answer(source, Error{Errc::network, wire::escape(source.to_string()) +
                                                             ": there is no connection to it"});
        });
        return;
    }
    link->ask(wire::GetManifests{ask.contents, ask.offset}, ask.patience,
              [self = shared_from_this(), source = ask.source, link](auto answer) {
                  self->on_answer(source, std::move(answer));
              });
}

void ManifestFetch::on_answer(wire::Endpoint const& source, Result<wire::Message> answer) {
    if (!answer) {
        fetcher_.on_failure(source, answer.error());
    } else if (auto* const manifests = std::get_if<wire::Manifests>(&*answer)) {
        fetcher_.on_answer(scheduler_.now(), source, std::move(*manifests));
    } else {
        fetcher_.on_failure(source, Error{Errc::network, wire::escape(source.to_string()) +
                                                             ": an answer of the wrong kind"});
    }
    pump();
}

/// Those that came together are checked together.
void ManifestFetch::check(std::vector<swarm::ManifestFetcher::Check> checks) {
    auto const all =
        std::make_shared<std::vector<swarm::ManifestFetcher::Check> const>(std::move(checks));
    std::uint64_t bytes = 0;
    for (auto const& each : *all) {
        bytes += each.bytes->size();
    }
    on_store_thread(
        bytes,
        [all, &hashes = hashes_] {
            std::vector<Checked> checked;
            checked.reserve(all->size());
            for (auto const& each : *all) {
                checked.push_back(check_manifest(hashes, each.content, *each.bytes));
            }
            return checked;
        },
        [this, all](std::vector<Checked> const& checked) {
            for (std::size_t i = 0; i < all->size(); ++i) {
                fetcher_.on_checked((*all)[i], checked[i]);
            }
            pump();
        });
}

/// Does the work on the store pool, then hands its result back to this thread.
template <typename Work, typename Then>
void ManifestFetch::on_store_thread(std::uint64_t bytes, Work work, Then then) {
    store_.submit(bytes,
                  [self = shared_from_this(), work = std::move(work),
                   then = std::move(then)]() mutable -> bus::Scheduler::Task {
                      auto result = work();
                      return [self = std::move(self), then = std::move(then),
                              result = std::move(result)] {
                          if (!self->stopped_) {
                              then(result);
                          }
                      };
                  });
}

}  // namespace xfsbus::peer::jobs
