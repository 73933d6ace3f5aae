#include "serving/serving.hpp"

#include "net/fault_teller.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace xfsbus::peer::serving {
namespace {

/// All are looked through for each chunk; to open one again costs no more than that.
constexpr std::size_t open_files_most = 32;
constexpr std::size_t kept_buffer_bytes = 16 * 1024 * 1024;
/// A way to a sink that carries nothing is closed.
constexpr auto outlet_idle = std::chrono::seconds(5);
constexpr auto tick_every = std::chrono::seconds(1);
/// What is gained within so much time is told together.
constexpr auto offer_every = std::chrono::milliseconds(50);

/// Tells when libzmq has let go of a chunk's bytes.
struct InFlight {
    InFlight(std::shared_ptr<void> bytes, std::function<void()> done)
        : memory(std::move(bytes)), on_done(std::move(done)) {}

    ~InFlight() { on_done(); }

    InFlight(InFlight const&) = delete;
    InFlight& operator=(InFlight const&) = delete;

    std::shared_ptr<void> memory;
    std::function<void()> on_done;
};

}  // namespace

// ---- Serving ----

Serving::Serving(bus::Reactor& reactor, Owner owner, swarm::Uploads::Limits const& limits,
                 std::uint64_t seed)
    : reactor_(reactor),
      owner_(std::move(owner)),
      uploads_(limits, seed),
      files_(std::make_shared<index::ServedFiles>(owner_.tree,
                                                  std::min(limits.sinks_most, open_files_most))),
      buffers_(kept_buffer_bytes),
      outlets_most_(limits.sinks_most),
      looker_(reactor, {.share = owner_.share,
                        .tree = owner_.tree,
                        .partial_ppm = [this](auto const& content) { return partial_ppm(content); },
                        .on_stale = owner_.on_stale}),
      readers_(1, "xfs-read", net::fault_teller(reactor)) {}

Serving::~Serving() {
    for (auto const& timer : {pump_timer_, offer_timer_, tick_timer_}) {
        if (timer) {
            reactor_.cancel(*timer);
        }
    }
}

Status Serving::listen(wire::Endpoint const& endpoint, std::size_t connections_most) {
    auto server = bus::ControlServer::bind(
        reactor_, endpoint,
        {.on_message =
             [this](auto const& route, auto const& host, auto&& envelope) {
                 on_message(route, host, std::forward<decltype(envelope)>(envelope));
             },
         .on_garbage =
             [this](auto const&, auto const& host, auto const& error) {
                 owner_.on_garbage("from " + host + ": " + wire::escape(error.reason));
             },
         .on_closed = [this](auto const& route) { on_closed(route); },
         .on_trouble =
             [this](std::string const& what) {
                 owner_.on_event(telemetry::network_trouble(what));
             }},
        connections_most);
    if (!server) {
        return server.error();
    }
    server_ = std::move(*server);
    return done();
}

void Serving::on_message(bus::Route const& route, std::string const& host,
                         wire::Envelope&& envelope) {
    uploads_.on_heard(reactor_.now(), route.id);
    auto const request = envelope.request;
    bool const is_answer = std::holds_alternative<wire::Pong>(envelope.message) ||
                           std::holds_alternative<wire::Failure>(envelope.message);
    if (is_answer) {
        return;  // that it came is all there is to it
    }
    if (auto const* ping = std::get_if<wire::Ping>(&envelope.message)) {
        on_ping(route, host, *ping, request);
    } else if (auto const* question = std::get_if<wire::GetManifests>(&envelope.message)) {
        answer(route, manifests(*question), request);
    } else if (auto const* wants = std::get_if<wire::Request>(&envelope.message)) {
        on_request(route, host, *wants);
    } else if (auto const* close = std::get_if<wire::Close>(&envelope.message)) {
        on_close(route, *close);
    } else if (auto const* have = std::get_if<wire::Have>(&envelope.message)) {
        uploads_.on_have(reactor_.now(), route.id, *have);
        offer_soon();
    } else if (auto const* push = std::get_if<wire::Push>(&envelope.message)) {
        answer(route, owner_.on_push(*push), request);
    } else {
        auto const type = std::string(wire::type_name(envelope.message));
        answer(route, wire::Failure{wire::ErrorCode::unsupported, "a peer takes no " + type, 0},
               request);
    }
}

void Serving::on_ping(bus::Route const& route, std::string const& host, wire::Ping const& ping,
                      std::uint64_t request) {
    if (ping.contents.empty()) {
        return answer(route, owner_.vitals(), request);
    }
    looker_.look_for(host, ping.contents, [this, route, request](auto have) {
        auto pong = owner_.vitals();
        pong.have = std::move(have);
        answer(route, pong, request);
    });
}

void Serving::on_request(bus::Route const& route, std::string const& host,
                         wire::Request const& request) {
    for (auto const& want : request.wants) {
        on_want(route, host, want);
    }
    pump();
    offer_soon();
    schedule_tick();
}

void Serving::on_want(bus::Route const& route, std::string const& host, wire::Want const& want) {
    // Only ever to where the sink itself is: nobody can have chunks sent to others.
    wire::Endpoint const sink{host, want.port};
    bool const opened = uploads_.find(want.transfer) != nullptr;
    auto const content = opened ? std::nullopt : content_of(want.content);
    auto const taken = uploads_.on_want(reactor_.now(), route.id, sink, want, content);
    note_ended();
    for (auto const& notice : taken.ended) {
        tell(notice);
    }
    if (taken.refused) {
        answer(route, *taken.refused, 0);
        return;
    }
    if (!opened) {
        // Nothing is read for a sink that nobody can reach.
        auto const* const way = outlet(sink);
        if (way == nullptr) {
            return refuse_all(sink);
        }
        uploads_.set_reachable(sink, way->connected);
        auto const& reading = readings_[want.transfer] = reading_of(want.content);
        owner_.on_event(telemetry::upload_begun(reading.name, sink, content->layout.bytes));
        if (want.serves != 0) {
            owner_.on_sink(want.content, {host, want.serves});
        }
    }
}

void Serving::on_close(bus::Route const& route, wire::Close const& close) {
    for (auto const& transfer : close.transfers) {
        auto const* const open = close.corrupt ? uploads_.find(transfer) : nullptr;
        auto const* const file = open != nullptr && open->route == route.id
                                     ? owner_.share.by_content(open->content)
                                     : nullptr;
        if (file != nullptr) {
            owner_.on_doubt(file->name);
        }
        uploads_.on_close(route.id, transfer);
    }
    note_ended();
    offer_soon();
}

/// Transfers that are over: logged, and nothing is read for them any more.
void Serving::note_ended() {
    for (auto const& over : uploads_.take_ended()) {
        auto const reading = readings_.extract(over.id);
        if (!reading.empty()) {
            auto const seconds =
                std::chrono::duration<double>(reactor_.now() - over.opened).count();
            owner_.on_event(telemetry::upload_ended(reading.mapped().name, over.sink, over.sent,
                                                    seconds, over.why));
        }
    }
}

std::optional<swarm::Uploads::Content> Serving::content_of(wire::ContentId const& content) const {
    if (auto const* file = owner_.share.by_content(content)) {
        auto const bytes = file->stamp.size;
        auto const layout = wire::layout_of(bytes, wire::chunk_size_for(bytes));
        return swarm::Uploads::Content{layout, swarm::ChunkSet::full(layout.chunks)};
    }
    auto const partial = partials_.find(content);
    return partial == partials_.end() ? std::nullopt : std::optional(partial->second.about);
}

std::uint32_t Serving::partial_ppm(wire::ContentId const& content) const {
    auto const partial = partials_.find(content);
    if (partial == partials_.end() || partial->second.about.layout.chunks == 0) {
        return 0;
    }
    auto const& [layout, has] = partial->second.about;
    return static_cast<std::uint32_t>(std::uint64_t{has.count()} * wire::complete_ppm /
                                      layout.chunks);
}

/// Of a content that is here, or a part of it.
Serving::Reading Serving::reading_of(wire::ContentId const& content) const {
    if (auto const* file = owner_.share.by_content(content)) {
        return reading_of(*file);
    }
    auto const& partial = partials_.at(content);
    return {partial.name, partial.read};
}

Serving::Reading Serving::reading_of(swarm::IndexedFile const& file) const {
    return {file.name,
            [files = files_, name = file.name, stamp = file.stamp](auto buffer, auto offset) {
                return files->read(name, stamp, buffer, offset);
            }};
}

// ---- contents that are being fetched ----

bool Serving::offer(wire::ContentId const& content, Partial partial) {
    return partials_.try_emplace(content, std::move(partial)).second;
}

void Serving::gained(wire::ContentId const& content, std::uint32_t chunk) {
    auto const found = partials_.find(content);
    if (found != partials_.end() && found->second.about.has.insert(chunk)) {
        uploads_.on_gained(content, chunk);
        offer_soon();
    }
}

void Serving::completed(wire::ContentId const& content, swarm::IndexedFile const& file) {
    if (partials_.erase(content) == 0) {
        return;
    }
    for (auto const& id : uploads_.transfers_of(content)) {
        readings_[id] = reading_of(file);
    }
}

void Serving::withdraw(wire::ContentId const& content) {
    if (partials_.erase(content) == 0) {
        return;
    }
    for (auto const& notice : uploads_.on_withdrawn(content, "the download was given up")) {
        tell(notice);
    }
}

/// Together with what else is gained within a moment.
void Serving::offer_soon() {
    if (offer_timer_ || !uploads_.has_offers()) {
        return;
    }
    offer_timer_ = reactor_.at(reactor_.now() + offer_every, [this] {
        offer_timer_.reset();
        for (auto const& offer : uploads_.take_offers(reactor_.now())) {
            answer({offer.route}, offer.have, 0);
        }
        offer_soon();
    });
}

wire::Manifests Serving::manifests(wire::GetManifests const& question) const {
    wire::Manifests reply;
    std::size_t bytes = 0;
    for (auto const& content : question.contents) {
        wire::ManifestPart part{content};
        if (auto const* manifest = owner_.share.manifest(content)) {
            auto const offset = question.contents.size() == 1 ? question.offset : 0;
            part.total = manifest->size();
            part.offset = std::min<std::uint64_t>(offset, part.total);
            part.bytes = manifest->substr(part.offset, wire::limits::manifest_reply_bytes);
        }
        if (auto const* file = owner_.share.by_content(content)) {
            part.file = {
                static_cast<std::uint64_t>(std::max<std::int64_t>(file->stamp.mtime_ns, 0)),
                file->stamp.executable};
        }
        constexpr std::size_t overhead = 128;  // the id, the keys and the numbers of a part
        bytes += part.bytes.size() + overhead;
        if (!reply.parts.empty() && bytes > wire::limits::manifest_reply_bytes) {
            break;
        }
        reply.parts.push_back(std::move(part));
    }
    return reply;
}

void Serving::answer(bus::Route const& route, wire::Message const& message, std::uint64_t request) {
    if (server_->send(route, message, request) == bus::ControlServer::Sent::gone) {
        on_closed(route);
    }
}

void Serving::on_closed(bus::Route const& route) {
    uploads_.on_gone(route.id);
    note_ended();
}

void Serving::tell(swarm::Uploads::Notice const& notice) {
    note_ended();
    if (notice.refused.code == wire::ErrorCode::busy) {
        close_unserved();  // its place is another's, and what waits for it takes memory
    }
    answer({notice.route}, notice.refused, 0);
}

// ---- chunks ----

/// Starts to read whatever may be read now.
void Serving::pump() {
    auto const now = reactor_.now();
    while (auto const piece = uploads_.next(now)) {
        read(*piece);
    }
    if (pump_timer_) {
        reactor_.cancel(*pump_timer_);
        pump_timer_.reset();
    }
    if (auto const turn = uploads_.next_turn(now)) {
        pump_timer_ = reactor_.at(*turn, [this] {
            pump_timer_.reset();
            pump();
        });
    }
}

void Serving::read(swarm::Uploads::Piece const& piece) {
    auto const& reading = readings_.at(piece.transfer);
    readers_.submit([this, piece, reading, alive = std::weak_ptr(alive_)] {
        auto buffer = buffers_.take(piece.length);
        auto const outcome = reading.read(buffer.bytes, piece.offset);
        int const error = errno;  // says why, of one that is unreadable
        // The reactor outlives every chunk; this object may not.
        auto done = [this, &reactor = reactor_, piece, alive] {
            reactor.post([this, piece, alive] {
                if (!alive.expired()) {
                    uploads_.on_done(reactor_.now(), piece);
                    pump();
                }
            });
        };
        if (outcome != index::ReadOutcome::good) {
            reactor_.post([this, piece, alive, name = reading.name, outcome, error] {
                if (!alive.expired()) {
                    on_unreadable(piece, name, outcome, error);
                }
            });
            return;
        }
        bus::Payload payload{buffer.bytes,
                             std::make_shared<InFlight>(std::move(buffer.owner), std::move(done))};
        reactor_.post([this, piece, alive, payload = std::move(payload)]() mutable {
            if (!alive.expired()) {
                on_read(piece, std::move(payload));
            }
        });
    });
}

void Serving::on_unreadable(swarm::Uploads::Piece const& piece, std::string const& name,
                            index::ReadOutcome why, int error) {
    auto const told = why_unread(name, why, error);
    if (auto const notice = uploads_.on_failed(reactor_.now(), piece, told.code, told.reason)) {
        tell(*notice);
    }
    pump();
}

/// What its sinks are told; and the index, if it is to look for itself.
wire::Failure Serving::why_unread(std::string const& name, index::ReadOutcome why, int error) {
    if (why == index::ReadOutcome::not_now) {
        return {wire::ErrorCode::busy, "no more files can be opened now", 0};
    }
    owner_.on_stale(name);
    if (why == index::ReadOutcome::changed) {
        owner_.on_event(telemetry::file_changed(name));
        return {wire::ErrorCode::gone, "the file has changed or vanished", 0};
    }
    auto const reason = "cannot be read: " + std::generic_category().message(error);
    owner_.on_event(telemetry::file_unreadable(name, reason));
    return {wire::ErrorCode::gone, "the file " + reason, 0};
}

void Serving::on_read(swarm::Uploads::Piece const& piece, bus::Payload payload) {
    if (uploads_.find(piece.transfer) == nullptr) {
        return;  // closed meanwhile; letting go of the payload ends the piece
    }
    auto* const way = outlet(piece.sink);
    if (way == nullptr) {
        refuse_all(piece.sink);
        return;
    }
    way->ready.push_back({piece, std::move(payload)});
    drain(piece.sink);
}

/// Nothing can be sent there now: who waits at that sink is told, and may come again.
void Serving::refuse_all(wire::Endpoint const& sink) {
    std::vector<swarm::Uploads::Notice> notices;
    for (auto const& [id, transfer] : uploads_.transfers()) {
        if (transfer.sink == sink) {
            notices.push_back({transfer.route,
                               {id, wire::ErrorCode::busy, "no more sinks can be served now"},
                               {}});
        }
    }
    for (auto const& notice : notices) {
        uploads_.on_close(notice.route, notice.refused.transfer);
        tell(notice);
    }
}

Serving::Outlet* Serving::outlet(wire::Endpoint const& sink) {
    if (auto const found = outlets_.find(sink); found != outlets_.end()) {
        return &found->second;
    }
    if (outlets_.size() >= outlets_most_) {
        close_unserved();
    }
    auto source = bus::ChunkSource::connect(reactor_, sink, [this, sink] { on_writable(sink); });
    if (!source) {
        owner_.on_event(telemetry::network_trouble(source.error().message));
        return nullptr;
    }
    return &outlets_
                .emplace(sink,
                         Outlet{.source = std::move(*source), .ready = {}, .used = reactor_.now()})
                .first->second;
}

void Serving::close_unserved() {
    std::erase_if(outlets_, [this](auto const& entry) { return !uploads_.serves(entry.first); });
}

void Serving::on_writable(wire::Endpoint const& sink) {
    auto const found = outlets_.find(sink);
    if (found != outlets_.end() && !std::exchange(found->second.connected, true)) {
        uploads_.set_reachable(sink, true);
        pump();
    }
    drain(sink);
}

void Serving::drain(wire::Endpoint const& sink) {
    auto const found = outlets_.find(sink);
    if (found == outlets_.end()) {
        return;
    }
    Outlet& way = found->second;
    way.used = reactor_.now();
    while (!way.ready.empty()) {
        auto const& [piece, payload] = way.ready.front();
        if (uploads_.find(piece.transfer) != nullptr) {
            if (!way.source->send({piece.transfer, piece.chunk, piece.offset}, payload)) {
                return;
            }
            bytes_sent_ += piece.length;
        }
        way.ready.pop_front();
    }
}

// ---- figures ----

std::vector<UploadStatus> Serving::uploads() const {
    std::vector<UploadStatus> all;
    for (auto const& [id, transfer] : uploads_.transfers()) {
        all.push_back(
            {.content = wire::to_hex(transfer.content),
             .sink = transfer.sink.to_string(),
             .bytes = transfer.sent,
             .bytes_per_second = transfer.rate.bytes_per_second(),
             .credit_bytes = transfer.credit - std::min(transfer.credit, transfer.granted),
             .queued_chunks = transfer.queue.size()});
    }
    return all;
}

// ---- time ----

/// Why its data port is not reached, which both ends tell their users.
void Serving::explain(swarm::Uploads::Notice& notice) {
    auto const& endpoint = notice.sink;
    auto const found = outlets_.find(endpoint);
    if (found == outlets_.end()) {
        return;
    }
    auto const& why = found->second.trouble;
    notice.refused.reason += " " + endpoint.to_string() + ": " + why;
    owner_.on_event(telemetry::sink_unreachable(endpoint, why));
}

void Serving::schedule_tick() {
    if (!tick_timer_ && (uploads_.load() > 0 || !outlets_.empty())) {
        tick_timer_ = reactor_.at(reactor_.now() + tick_every, [this] {
            tick_timer_.reset();
            tick();
        });
    }
}

void Serving::tick() {
    // A sink that crashed does not say good-bye, but its connection is closed: sending shows that.
    for (auto const& route : uploads_.routes()) {
        answer({route}, wire::Ping{}, 0);
    }
    for (auto& [sink, way] : outlets_) {
        if (!way.connected) {
            way.trouble = way.source->trouble();
        }
    }
    for (auto& notice : uploads_.on_tick(reactor_.now())) {
        if (notice.refused.code == wire::ErrorCode::unreachable) {
            explain(notice);
        }
        tell(notice);
    }
    std::erase_if(outlets_, [&](auto const& entry) {
        bool const idle = reactor_.now() - entry.second.used >= outlet_idle;
        return idle && !uploads_.serves(entry.first);
    });
    note_ended();
    offer_soon();
    schedule_tick();
}

}  // namespace xfsbus::peer::serving
