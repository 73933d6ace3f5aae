#include <xfsbus/swarm/source_session.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::swarm {
namespace {

/// What is gained within so much time is told together.
constexpr auto offer_every = std::chrono::milliseconds(50);
/// How often its sinks are sent a Ping, and those looked for that take nothing.
constexpr auto look_every = std::chrono::seconds(1);

}  // namespace

SourceSession::SourceSession(Uploads::Limits const& limits, std::uint64_t seed,
                             FindWhole find_whole)
    : offers_(seed),
      uploads_(limits, seed, offers_),
      find_whole_(std::move(find_whole)),
      partials_(*this) {}

// ---- contents ----

void SourceSession::withdraw(wire::ContentId const& content, std::string const& reason) {
    refuse(uploads_.on_withdrawn(content, reason));
}

void SourceSession::on_gained(wire::ContentId const& content, std::uint32_t chunk) {
    offers_.gained(content, chunk);
    offer_soon(now_);
}

/// What is here of it; null: nothing.
SourceSession::Content SourceSession::content_of(wire::ContentId const& content) const {
    auto whole = find_whole_(content);
    return whole ? whole : partials_.find(content);
}

// ---- what sinks say ----

void SourceSession::on_word(wire::Time now, wire::Sender const& sender, Word const& word) {
    now_ = now;
    std::visit([&](auto const& what) { on(sender, what); }, word);
}

void SourceSession::on(wire::Sender const& sender, wire::Request const& request) {
    for (auto const& want : request.wants) {
        on_want(now_, sender, want);
    }
    offer_soon(now_);
    if (!look_at_ && !uploads().transfers.empty()) {
        look_at_ = now_ + look_every;
    }
}

void SourceSession::on_want(wire::Time now, wire::Sender const& sender, wire::Want const& want) {
    // Only ever to where the sink itself is: nobody can have chunks sent to others.
    wire::Endpoint const sink{sender.host, want.port};
    bool const opened = uploads().find(want.transfer) != nullptr;
    auto const content = opened ? nullptr : content_of(want.content);
    auto taken = uploads_.on_want(now, sender.route, sink, want, content);
    refuse(std::move(taken.ended));
    if (taken.refused) {
        actions_.refused.push_back({sender.route, std::move(*taken.refused), sink});
    } else if (!opened) {
        actions_.begun.push_back({want.transfer, want.content, sink, content->layout().bytes});
        if (want.serves != 0) {
            actions_.fellows.push_back({want.transfer, want.content, {sender.host, want.serves}});
        }
    }
}

void SourceSession::on(wire::Sender const& sender, wire::Have const& have) {
    uploads_.on_word(now_, sender.route, have);
    offer_soon(now_);
}

void SourceSession::on(wire::Sender const& sender, wire::Close const& close) {
    for (auto const& transfer : close.transfers) {
        auto const* const open = close.corrupt ? uploads().find(transfer) : nullptr;
        if (open != nullptr && open->route == sender.route) {
            actions_.doubted.push_back(open->content);
        }
        uploads_.on_word(now_, sender.route, Uploads::Closed{transfer});
    }
    offer_soon(now_);
}

void SourceSession::on(wire::Sender const& sender, Uploads::Heard const& heard) {
    uploads_.on_word(now_, sender.route, heard);
}

void SourceSession::on(wire::Sender const& sender, Uploads::Gone const& gone) {
    uploads_.on_word(now_, sender.route, gone);
}

// ---- what becomes of chunks ----

void SourceSession::on_done(wire::Time now, Piece const& piece,
                            std::optional<Uploads::Unread> const& unread) {
    now_ = now;
    if (auto notice = uploads_.on_done(now, piece, unread)) {
        actions_.refused.push_back(std::move(*notice));
    }
}

void SourceSession::refuse_sink(wire::Endpoint const& sink) {
    std::vector<Notice> notices;
    for (auto const& [id, transfer] : uploads().transfers) {
        if (transfer.sink == sink) {
            notices.push_back({transfer.route,
                               {id, wire::ErrorCode::busy, "no more sinks can be served now"},
                               sink});
        }
    }
    for (auto const& notice : notices) {
        uploads_.on_word(now_, notice.route, Uploads::Closed{notice.refused.transfer});
    }
    refuse(std::move(notices));
}

void SourceSession::refuse(std::vector<Notice> notices) {
    std::ranges::move(notices, std::back_inserter(actions_.refused));
}

// ---- time ----

/// Together with what else is gained within a moment.
void SourceSession::offer_soon(wire::Time now) {
    if (!offer_at_ && offers_.pending()) {
        offer_at_ = now + offer_every;
    }
}

void SourceSession::on_tick(wire::Time now) {
    now_ = now;
    if (offer_at_ && *offer_at_ <= now) {
        offer_at_.reset();
        for (auto& offer : uploads_.take_offers(now)) {
            actions_.sends.push_back({offer.route, std::move(offer.have)});
        }
        offer_soon(now);
    }
    if (look_at_ && *look_at_ <= now) {
        look_at_.reset();
        // A sink that crashed does not say good-bye, but its connection is closed: sending shows
        // that.
        for (auto const& route : uploads().routes()) {
            actions_.sends.push_back({route, wire::Ping{}});
        }
        refuse(uploads_.on_tick(now));
        offer_soon(now);
        if (!uploads().transfers.empty()) {
            look_at_ = now + look_every;
        }
    }
}

SourceSession::Actions SourceSession::take_actions() {
    std::ranges::move(uploads_.take_ended(), std::back_inserter(actions_.ended));
    return std::exchange(actions_, {});
}

std::optional<wire::Time> SourceSession::next_deadline(wire::Time now) const {
    return wire::earliest({offer_at_, look_at_, uploads_.next_turn(now)});
}

}  // namespace xfsbus::swarm
