#include <xfsbus/swarm/sink_session.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::swarm {
namespace {

/// What is gained within so much time is told together.
constexpr auto tell_every = std::chrono::milliseconds(50);
/// The tracker is told of the first chunk, and then again when so much more is here.
constexpr std::uint32_t announced_step_ppm = wire::complete_ppm / 4;

/// A source is used for so many chunks, or more, save that a few are used of any file: each of them
/// costs a transfer, and messages about what both have, as long as it is open.
constexpr std::size_t chunks_per_source = 8;
constexpr std::size_t sources_least = 4;

/// 0 is no limit.
std::uint64_t lower_limit(std::uint64_t a, std::uint64_t b) {
    return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

}  // namespace

SinkSession::SinkSession(ContentState& content, Options const& options, Download::Policies policies,
                         policies::Rng rng, Owner owner)
    : content_(content),
      owner_(std::move(owner)),
      data_port_(options.data_port),
      bundle_(options.bundle),
      throttle_(options.bytes_per_second),
      download_(content, limits(options), policies, rng) {}

Download::Limits SinkSession::limits(Options const& options) const {
    auto limits = options.limits;
    auto const useful = std::max(content_.layout().chunks / chunks_per_source, sources_least);
    limits.sources_most = std::min(limits.sources_most, useful);
    auto const rate = lower_limit(owner_.throttle.rate(), throttle_.rate());
    if (rate > 0) {
        // What is asked for waits at the throttle: no more than a few seconds' worth, and no
        // source is blamed for it.
        limits.outstanding_most = std::min(limits.outstanding_most, 2 * rate);
        auto const chunk_seconds = 1 + content_.layout().chunk_bytes / rate;
        limits.chunk_patience += std::chrono::seconds(8 * chunk_seconds);
        limits.patience_least = limits.chunk_patience;
    }
    return limits;
}

// ---- events ----

bool SinkSession::add_source(wire::Time now, Candidate const& candidate) {
    now_ = now;
    auto const complete = candidate.completeness >= 1;
    conversations_.try_emplace(candidate.id, Conversation{.complete = complete});
    bool const taken = download_.add_source(now, candidate);
    if (!taken) {
        forget(candidate.id);
    }
    return taken;
}

void SinkSession::start(wire::Time now, std::uint16_t serves) {
    now_ = now;
    serves_ = serves;
    announce();
    download_.start(now);
}

void SinkSession::on_search_done(wire::Time now) {
    now_ = now;
    download_.on_search_done(now);
}

bool SinkSession::on_word(wire::Time now, SourceId source, Word const& word) {
    now_ = now;
    return std::visit([&](auto const& what) { return on(source, what); }, word);
}

bool SinkSession::on(SourceId source, wire::Have const& have) {
    bool const open = is_open(source, have.transfer);
    if (open) {
        download_.on_word(now_, source, have);
    }
    return open;
}

bool SinkSession::on(SourceId source, wire::Refused const& refused) {
    bool const open = is_open(source, refused.transfer);
    if (open) {
        conversation_of(source)->refused = true;
        download_.on_word(now_, source, refused);
    }
    return open;
}

bool SinkSession::on(SourceId source, Download::Vitals const& vitals) {
    download_.on_word(now_, source, vitals);
    return true;
}

bool SinkSession::on(SourceId source, Gone const& /*gone*/) {
    auto const* const conversation = conversation_of(source);
    return conversation != nullptr && conversation->transfer &&
           on(source, wire::Refused{*conversation->transfer, wire::ErrorCode::closed,
                                    "the connection was lost"});
}

Download::Verdict SinkSession::on_chunk(wire::Time now, SourceId source,
                                        wire::ChunkHeader const& header, std::uint64_t bytes) {
    now_ = now;
    return is_open(source, header.transfer)
               ? download_.on_chunk(now, source, header.chunk, header.offset, bytes)
               : Download::Verdict::drop;
}

void SinkSession::on_checked(wire::Time now, SourceId source, std::uint32_t chunk,
                             Download::Check check) {
    now_ = now;
    auto* const conversation = conversation_of(source);
    if (check == Download::Check::corrupt && conversation != nullptr) {
        conversation->corrupt = true;
    }
    download_.on_checked(now, source, chunk, check);
    if (check == Download::Check::corrupt) {
        return;
    }
    if (in_swarm(content_.layout())) {
        gained_.push_back(chunk);
        tell_at_ = tell_at_.value_or(now + tell_every);
    }
    announce();
}

void SinkSession::on_tick(wire::Time now) {
    now_ = now;
    if (tell_at_ && *tell_at_ <= now) {
        tell_at_.reset();
        tell_gained();
    }
    throttle_.run(now);
    if (auto const deadline = download_.next_deadline(); deadline && *deadline <= now) {
        download_.on_tick(now);
    }
}

void SinkSession::play(wire::Time now, std::uint64_t position, std::uint64_t bytes_per_s,
                       std::uint64_t ahead_bytes) {
    now_ = now;
    download_.play(now, position, bytes_per_s, ahead_bytes);
}

// ---- what is to be done ----

template <typename Message>
void SinkSession::send(SourceId to, Message message) {
    auto& next = actions_.sends.emplace_back();
    next.to = to;
    next.what = std::move(message);
}

/// What the core wants done, as messages.
SinkSession::Actions SinkSession::take_actions() {
    auto const wanted = download_.take_actions();
    for (auto const& dropped : wanted.drops) {
        drop(dropped);
    }
    for (auto const& spared : wanted.spares) {
        if (auto const* const conversation = conversation_of(spared.source)) {
            // A source does not send what its sink says that it has.
            tell(spared.source, *conversation, spared.chunks);
        }
    }
    for (auto const& asked : wanted.asks) {
        ask(asked);
    }
    for (auto const& probed : wanted.probes) {
        actions_.probes.push_back(probed.source);
    }
    actions_.search = actions_.search || wanted.search;
    return std::exchange(actions_, {});
}

SinkSession::Actions SinkSession::end() {
    actions_ = {};
    for (auto& [source, conversation] : conversations_) {
        close(source, conversation);
    }
    conversations_.clear();
    tell_at_.reset();
    return std::exchange(actions_, {});
}

void SinkSession::drop(Download::Drop const& drop) {
    auto* const conversation = conversation_of(drop.source);
    if (conversation != nullptr && conversation->transfer) {
        auto const* const known = find(download_.sources().all(), drop.source);
        if (known != nullptr && !known->why.empty()) {  // else all is here
            actions_.lost.push_back({drop.source, known->why});
        }
        close(drop.source, *conversation);
    }
    if (drop.for_good) {
        forget(drop.source);
    }
}

/// The source may have ended it: then a Want that was on its way has opened it again.
void SinkSession::close(SourceId source, Conversation& conversation) {
    if (conversation.transfer) {
        send(source, Close{*conversation.transfer, conversation.corrupt,
                           !conversation.refused || conversation.wants > 1});
        conversation = {.complete = conversation.complete, .corrupt = conversation.corrupt};
    }
}

void SinkSession::forget(SourceId source) {
    if (conversations_.erase(source) > 0) {
        actions_.forgotten.push_back(source);
    }
}

void SinkSession::ask(Download::Ask const& ask) {
    auto* const conversation = conversation_of(ask.source);
    if (conversation == nullptr) {
        return;
    }
    bool const opens = !conversation->transfer;
    if (opens) {
        conversation->transfer = owner_.new_transfer();
    }
    bool const limited = owner_.throttle.rate() > 0 || throttle_.rate() > 0;
    if (!limited || ask.chunks.empty()) {
        want(ask, *conversation->transfer);
    } else {
        ask_slowly(ask, *conversation->transfer);
    }
    if (opens) {
        tell_all(ask.source, *conversation);
    }
}

/// Chunk by chunk, as this file's limit allows, and then as that of all downloads does.
void SinkSession::ask_slowly(Download::Ask const& ask, wire::TransferId const& transfer) {
    auto const& layout = content_.layout();
    auto credit = ask.credit;
    for (auto const chunk : ask.chunks) {
        credit -= layout.length(chunk);
    }
    for (auto const chunk : ask.chunks) {
        auto const bytes = layout.length(chunk);
        credit += bytes;
        bool const urgent = ask.urgent && chunk == ask.chunks.front();
        auto let_through = [this, alive = std::weak_ptr(alive_), transfer,
                            next = Download::Ask{ask.source, credit, {chunk}, urgent}] {
            if (!alive.expired() && is_open(next.source, transfer)) {
                want(next, transfer);
                owner_.on_actions();
            }
        };
        throttle_.submit(now_, bytes, [this, bytes, let_through] {
            owner_.throttle.submit(now_, bytes, let_through);
        });
    }
}

void SinkSession::want(Download::Ask ask, wire::TransferId const& transfer) {
    ++conversation_of(ask.source)->wants;
    wire::Want want;
    want.transfer = transfer;
    want.content = content_.id();
    want.port = data_port_;
    want.credit = ask.credit;
    want.chunks = std::move(ask.chunks);
    want.swarm = in_swarm(content_.layout());
    want.serves = serves_;
    want.urgent = ask.urgent;
    want.bundle = bundle_;
    send(ask.source, std::move(want));
}

/// Those that have the whole file want to know what is spread, so that they send other chunks.
void SinkSession::tell_all(SourceId source, Conversation const& conversation) {
    if (in_swarm(content_.layout()) && conversation.complete && conversation.transfer &&
        !content_.has().empty()) {
        wire::Have have;
        have.transfer = *conversation.transfer;
        have.bitmap = content_.has().to_wire();
        send(source, std::move(have));
    }
}

void SinkSession::tell_gained() {
    auto const gained = std::exchange(gained_, {});
    for (auto const& [source, conversation] : conversations_) {
        if (gained.size() > wire::limits::chunks_per_have) {
            tell_all(source, conversation);
        } else if (conversation.complete) {
            tell(source, conversation, gained);
        }
    }
}

void SinkSession::tell(SourceId source, Conversation const& conversation,
                       std::vector<std::uint32_t> chunks) {
    if (conversation.transfer) {
        wire::Have have;
        have.transfer = *conversation.transfer;
        have.chunks = std::move(chunks);
        send(source, std::move(have));
    }
}

/// The whole file is announced by whoever puts it into the share.
void SinkSession::announce() {
    auto const ppm = content_.ppm();
    bool const news = announced_ppm_ == 0 || ppm - announced_ppm_ >= announced_step_ppm;
    if (serves_ != 0 && news && !content_.complete()) {
        announced_ppm_ = ppm;
        actions_.announce_ppm = ppm;
    }
}

// ---- answers ----

std::optional<wire::Time> SinkSession::next_deadline() const {
    return wire::earliest({download_.next_deadline(), tell_at_, throttle_.next_deadline()});
}

bool SinkSession::is_open(SourceId source, wire::TransferId const& transfer) const {
    auto const found = conversations_.find(source);
    return found != conversations_.end() && found->second.transfer == transfer;
}

SinkSession::Conversation* SinkSession::conversation_of(SourceId source) {
    auto const found = conversations_.find(source);
    return found == conversations_.end() ? nullptr : &found->second;
}

/// It has just been heard, so it is there; how it is, the core asks every second.
void add_fellow(SinkSession& session, wire::Time now, SourceId id, std::string endpoint) {
    if (!in_use(session.download().sources(), id)) {
        session.add_source(now, {.id = id,
                                 .endpoint = std::move(endpoint),
                                 .labels = {},
                                 .latency_ms = 0,
                                 .load = 0,
                                 .completeness = 0});
    }
}

}  // namespace xfsbus::swarm
