#include <xfsbus/swarm/source_session.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xfsbus::swarm {
namespace {

/// What is gained within so much time is told together.
constexpr auto offer_every = std::chrono::milliseconds(50);
/// How often its sinks are sent a Ping, and those looked for that take nothing.
constexpr auto look_every = std::chrono::seconds(1);

/// What its transfer is a transfer of: its own id, twice. No content has such an id, unless its
/// manifest was found by trying 2^128 of them.
wire::ContentId bundle_id(wire::Want const& want) {
    wire::ContentId id;
    auto const& half = want.transfer.bytes;
    static_assert(2 * std::tuple_size_v<std::remove_cvref_t<decltype(half)>> ==
                  wire::ContentId::size);
    std::ranges::copy(half, std::ranges::copy(half, id.bytes.begin()).out);
    return id;
}

/// As Uploads sees it: a transfer of one content, which nobody else has.
wire::Want as_one(wire::Want want) {
    want.content = bundle_id(want);
    want.swarm = false;
    want.serves = 0;
    return want;
}

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

/// The contents of a bundle as one of a single chunk; null: one of them is not whole here, or they
/// are more than a bundle may have.
SourceSession::Content SourceSession::bundle_of(wire::Want const& want) const {
    std::uint64_t bytes = 0;
    for (auto const& each : want.bundle) {
        auto const content = find_whole_(each);
        bytes += content ? content->layout().bytes : 0;
        if (!content || bytes > wire::limits::bundle_bytes) {
            return nullptr;
        }
    }
    if (bytes == 0) {
        return nullptr;
    }
    return std::make_shared<ContentState const>(ContentState::whole(
        bundle_id(want), wire::layout_of(bytes, static_cast<std::uint32_t>(bytes))));
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
    bool const bundled = !want.bundle.empty();
    auto const content = opened ? nullptr : bundled ? bundle_of(want) : content_of(want.content);
    auto taken = bundled ? uploads_.on_want(now, sender.route, sink, as_one(want), content)
                         : uploads_.on_want(now, sender.route, sink, want, content);
    refuse(std::move(taken.ended));
    if (taken.refused) {
        actions_.refused.push_back({sender.route, std::move(*taken.refused), sink});
    } else if (!opened) {
        actions_.begun.push_back(
            {want.transfer, want.content, sink, content->layout().bytes, want.bundle});
        if (want.serves != 0 && !bundled) {
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
