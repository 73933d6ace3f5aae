#include "serving/serving.hpp"

#include "net/fault_teller.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace xfsbus::peer::serving {
namespace {

/// All are looked through for each chunk; to open one again costs no more than that.
constexpr std::size_t open_files_most = 32;
constexpr std::size_t kept_buffer_bytes = 16 * 1024 * 1024;
/// A file is opened for each chunk otherwise, where its sinks come one after the other.
constexpr auto kept_open_for = std::chrono::seconds(1);
/// So long after the end of a connection what came by it may still be waiting to be read.
constexpr auto last_words_within = std::chrono::milliseconds(10);

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

Serving::Serving(bus::Reactor& reactor, bus::Security const& security, threads::Crew& disk,
                 Owner owner, swarm::Uploads::Limits const& limits, std::uint64_t seed)
    : reactor_(reactor),
      post_(reactor.poster()),
      security_(security),
      owner_(std::move(owner)),
      session_(limits, seed, [this](auto const& content) { return whole(content); }),
      senders_(reactor, security, limits.sinks_most,
               {.is_open =
                    [this](auto const& transfer) {
                        return session_.uploads().find(transfer) != nullptr;
                    },
                .serves = [this](auto const& sink) { return session_.uploads().serves(sink); },
                .on_connected =
                    [this](auto const& sink) {
                        session_.set_reachable(sink, true);
                        pump();
                    },
                .on_trouble =
                    [this](Error const& error) {
                        owner_.on_event(telemetry::network_trouble(error.message));
                    }}),
      files_(std::make_shared<index::ServedFiles>(owner_.tree,
                                                  std::min(limits.sinks_most, open_files_most))),
      buffers_(kept_buffer_bytes),
      closing_(reactor, [this] { close_files(); }),
      alarm_(reactor,
             [this] {
                 session_.on_tick(reactor_.now());
                 pump();
             }),
      looker_(reactor, disk,
              {.share = owner_.share,
               .published = owner_.published,
               .tree = owner_.tree,
               .partial_ppm =
                   [this](auto const& content) {
                       auto const here = session_.partials().find(content);
                       return here ? here->ppm() : 0;
                   },
               .on_stale = owner_.on_stale}),
      readers_(disk, 1, net::fault_teller(reactor)),
      reads_(reactor, readers_),
      program_readers_(disk, 1, net::fault_teller(reactor)),
      program_reads_(reactor, program_readers_) {}

Status Serving::listen(wire::Endpoint const& endpoint, std::size_t connections_most) {
    auto server = bus::ControlServer::bind(
        reactor_, endpoint, security_,
        {.on_message =
             [this](auto const& sender, auto&& envelope) {
                 on_message(sender, std::forward<decltype(envelope)>(envelope));
             },
         .on_garbage =
             [this](auto const& sender, auto const& error) {
                 owner_.on_garbage("from " + sender.host + ": " + wire::escape(error.reason));
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

// ---- messages ----

void Serving::on_message(wire::Sender const& sender, wire::Envelope&& envelope) {
    auto const now = reactor_.now();
    session_.on_word(now, sender, swarm::Uploads::Heard{});
    auto const request = envelope.request;
    bool const is_answer = std::holds_alternative<wire::Pong>(envelope.message) ||
                           std::holds_alternative<wire::Failure>(envelope.message);
    if (is_answer) {
        return;  // that it came is all there is to it
    }
    if (auto const* ping = std::get_if<wire::Ping>(&envelope.message)) {
        on_ping(sender, *ping, request);
    } else if (auto const* question = std::get_if<wire::GetManifests>(&envelope.message)) {
        answer(sender.route, manifests(*question), request);
    } else if (auto const* wants = std::get_if<wire::Request>(&envelope.message)) {
        session_.on_word(now, sender, *wants);
        pump();
    } else if (auto const* close = std::get_if<wire::Close>(&envelope.message)) {
        session_.on_word(now, sender, *close);
        pump();
    } else if (auto const* have = std::get_if<wire::Have>(&envelope.message)) {
        session_.on_word(now, sender, *have);
        alarm_.set(session_.next_deadline(reactor_.now()));
    } else if (auto const* push = std::get_if<wire::Push>(&envelope.message)) {
        answer(sender.route, owner_.on_push(*push), request);
    } else {
        auto const type = std::string(wire::type_name(envelope.message));
        answer(sender.route,
               wire::Failure{wire::ErrorCode::unsupported, "a peer takes no " + type, 0}, request);
    }
}

void Serving::on_ping(wire::Sender const& sender, wire::Ping const& ping, std::uint64_t request) {
    if (ping.contents.empty()) {
        return answer(sender.route, owner_.vitals(), request);
    }
    looker_.look_for(sender.host, ping.contents, [this, route = sender.route, request](auto have) {
        auto pong = owner_.vitals();
        pong.have = std::move(have);
        answer(route, pong, request);
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

/// What it said last, as that it has all, may be told after its end.
void Serving::on_closed(wire::Route const& route) {
    reactor_.at(reactor_.now() + last_words_within, [this, route, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) {
            session_.on_word(reactor_.now(), {route, {}}, swarm::Uploads::Gone{});
            pump();
        }
    });
}

void Serving::answer(wire::Route const& route, wire::Message const& message,
                     std::uint64_t request) {
    if (server_->send(route, message, request) == bus::ControlServer::Sent::gone) {
        session_.on_word(reactor_.now(), {route, {}}, swarm::Uploads::Gone{});
    }
}

// ---- contents that are being fetched ----

bool Serving::offer(std::shared_ptr<swarm::ContentState> content, std::string const& name,
                    Read read) {
    auto const id = content->id();
    bool const taken = session_.partials().add(std::move(content));
    if (taken) {
        partial_.insert_or_assign(id, Reading{name, std::move(read)});
    }
    return taken;
}

void Serving::completed(wire::ContentId const& content, swarm::IndexedFile const& file) {
    session_.partials().remove(content);
    partial_.erase(content);
    for (auto const& id : session_.uploads().transfers_of(content)) {
        readings_[id] = reading_of(file);
    }
}

void Serving::withdraw(wire::ContentId const& content) {
    if (session_.partials().remove(content)) {
        session_.withdraw(content, "the download was given up");
    }
    partial_.erase(content);
    pump();
}

void Serving::unshared(wire::ContentId const& content) {
    auto const* const file = owner_.share.by_content(content);
    if (file == nullptr) {
        session_.withdraw(content, "the file is not shared any more");
        return pump();
    }
    for (auto const& id : session_.uploads().transfers_of(content)) {
        readings_[id] = reading_of(*file);
    }
}

// ---- what the session wants done ----

/// Does it, until it wants nothing more, and starts to read whatever may be read now.
void Serving::pump() {
    for (auto actions = session_.take_actions(); !actions.empty();
         actions = session_.take_actions()) {
        carry_out(actions);
    }
    while (auto const piece = session_.next_read(reactor_.now())) {
        read(*piece);
    }
    alarm_.set(session_.next_deadline(reactor_.now()));
}

void Serving::carry_out(swarm::SourceSession::Actions& actions) {
    for (auto const& begun : actions.begun) {
        begin(begun);
    }
    for (auto const& notice : actions.refused) {
        refuse(notice);
    }
    for (auto const& send : actions.sends) {
        answer(send.to, send.message, 0);
    }
    for (auto const& ended : actions.ended) {
        note_ended(ended);
    }
    for (auto const& fellow : actions.fellows) {
        // One that was refused its connection may come again, and is no source before.
        if (session_.uploads().find(fellow.transfer) != nullptr) {
            owner_.on_sink(fellow.content, fellow.listens);
        }
    }
    for (auto const& content : actions.doubted) {
        if (auto const* const file = owner_.share.by_content(content)) {
            owner_.on_doubt(file->name);
        }
    }
}

/// Nothing is read for a sink that nobody can reach.
void Serving::begin(swarm::SourceSession::Begun const& begun) {
    auto const* const transfer = session_.uploads().find(begun.transfer);
    if (transfer == nullptr) {
        return;  // over already
    }
    if (!senders_.open(begun.sink, transfer->route)) {
        return session_.refuse_sink(begun.sink);
    }
    session_.set_reachable(begun.sink, senders_.is_connected(begun.sink));
    auto const& reading = readings_[begun.transfer] = reading_of(begun);
    if (telemetry::is_told(owner_.log_level, begun.bytes)) {
        owner_.on_event(telemetry::upload_begun(reading.name, begun.sink, begun.bytes));
    }
}

/// Both ends tell their users why a data port is not reached.
void Serving::refuse(swarm::SourceSession::Notice const& notice) {
    auto refused = notice.refused;
    if (refused.code == wire::ErrorCode::unreachable) {
        auto const why = senders_.trouble_of(notice.sink);
        refused.reason += " " + notice.sink.to_string() + ": " + why;
        owner_.on_event(telemetry::sink_unreachable(notice.sink, why));
    }
    if (refused.code == wire::ErrorCode::busy) {
        senders_.close_if_unserved(notice.sink);  // what waits for it takes memory
    }
    answer(notice.route, refused, 0);
}

/// It is logged, and nothing is read for it any more.
void Serving::note_ended(swarm::Uploads::Ended const& ended) {
    auto const reading = readings_.extract(ended.id);
    close_files_later();
    bool const told = !ended.why.empty() || telemetry::is_told(owner_.log_level, ended.sent);
    if (!reading.empty() && told) {
        auto const seconds = std::chrono::duration<double>(reactor_.now() - ended.opened).count();
        owner_.on_event(telemetry::upload_ended(reading.mapped().name, ended.sink, ended.sent,
                                                seconds, ended.why));
    }
}

// ---- reading ----

swarm::SourceSession::Content Serving::whole(wire::ContentId const& content) const {
    auto const* const file = owner_.share.by_content(content);
    if (file == nullptr) {
        return nullptr;
    }
    auto const bytes = file->stamp.size;
    return std::make_shared<swarm::ContentState const>(
        swarm::ContentState::whole(content, wire::layout_of(bytes, wire::chunk_size_for(bytes))));
}

/// Of a content that is here, or a part of it.
Serving::Reading Serving::reading_of(wire::ContentId const& content) const {
    if (auto const* file = owner_.share.by_content(content)) {
        return reading_of(*file);
    }
    return partial_.at(content);
}

Serving::Reading Serving::reading_of(swarm::IndexedFile const& file) const {
    if (auto const bytes = owner_.published.find(file.name, file.content)) {
        return {file.name,
                [bytes, stamp = file.stamp](auto buffer, auto offset) {
                    return bytes->read(stamp, buffer, offset);
                },
                true};
    }
    return {file.name,
            [files = files_, name = file.name, stamp = file.stamp](auto buffer, auto offset) {
                return files->read(name, stamp, buffer, offset);
            }};
}

Serving::Reading Serving::reading_of(swarm::SourceSession::Begun const& begun) const {
    if (begun.bundle.empty()) {
        return reading_of(begun.content);
    }
    auto const* const first = owner_.share.by_content(begun.content);
    auto const others = begun.bundle.size() - 1;
    return {.name = first->name + " and " + std::to_string(others) + " more",
            .bundle = begun.bundle};
}

/// Their files, one behind the other; nullopt: one of them is not here any more. Looked for when
/// they are to be read, so that a transfer that only waits keeps no names.
std::optional<Serving::Reading> Serving::reading_of_bundle(
    std::vector<wire::ContentId> const& contents) const {
    struct Part {
        std::uint64_t bytes;
        Read read;
    };

    std::vector<Part> parts;
    Reading all;
    all.bundle = contents;
    parts.reserve(contents.size());
    for (auto const& content : contents) {
        auto const* const file = owner_.share.by_content(content);
        if (file == nullptr) {
            return std::nullopt;
        }
        auto each = reading_of(*file);
        all.of_program = all.of_program || each.of_program;
        parts.push_back({file->stamp.size, std::move(each.read)});
    }
    all.read = [parts = std::move(parts)](std::span<std::byte> buffer, std::uint64_t /*offset*/) {
        for (auto const& [bytes, read] : parts) {
            if (bytes > buffer.size()) {
                return index::ReadOutcome::changed;
            }
            auto const outcome = read(buffer.first(bytes), 0);
            if (outcome != index::ReadOutcome::good) {
                return outcome;
            }
            buffer = buffer.subspan(bytes);
        }
        return index::ReadOutcome::good;
    };
    return all;
}

void Serving::read(swarm::Uploads::Piece const& piece) {
    auto const& known = readings_.at(piece.transfer);
    auto reading = known.bundle.empty() ? std::optional(known) : reading_of_bundle(known.bundle);
    if (!reading) {
        return reactor_.post([this, piece, alive = std::weak_ptr(alive_)] {
            if (!alive.expired()) {
                on_unreadable(piece, {{}, index::ReadOutcome::changed, ENOENT});
            }
        });
    }
    auto& reads = reading->of_program ? program_reads_ : reads_;
    reads.submit(piece.length,
                 [this, piece, reading = std::move(*reading), alive = std::weak_ptr(alive_)] {
                     return read_now(piece, reading, alive);
                 });
}

/// Reading thread. A chunk may outlive the reactor, and this object.
bus::Reactor::Task Serving::read_now(swarm::Uploads::Piece const& piece, Reading const& reading,
                                     std::weak_ptr<bool> const& alive) {
    auto buffer = buffers_.take(piece.length);
    auto const outcome = reading.read(buffer.bytes, piece.offset);
    int const error = errno;  // says why, of one that is unreadable
    auto done = [this, post = post_, piece, alive] {
        post([this, piece, alive] {
            if (!alive.expired()) {
                session_.on_done(reactor_.now(), piece);
                pump();
            }
        });
    };
    if (outcome != index::ReadOutcome::good) {
        return [this, piece, alive, why = Unread{reading.name, outcome, error}] {
            if (!alive.expired()) {
                on_unreadable(piece, why);
            }
        };
    }
    bus::Payload payload{buffer.bytes,
                         std::make_shared<InFlight>(std::move(buffer.owner), std::move(done))};
    return [this, piece, alive, payload = std::move(payload)]() mutable {
        if (!alive.expired()) {
            on_read(piece, std::move(payload));
        }
    };
}

void Serving::on_unreadable(swarm::Uploads::Piece const& piece, Unread const& why) {
    auto const told = why_unread(why);
    session_.on_done(reactor_.now(), piece, swarm::Uploads::Unread{told.code, told.reason});
    pump();
}

/// What its sinks are told; and the index, if it is to look for itself.
wire::Failure Serving::why_unread(Unread const& why) {
    auto const& [name, outcome, error] = why;
    if (outcome == index::ReadOutcome::not_now) {
        return {wire::ErrorCode::busy, "no more files can be opened now", 0};
    }
    if (name.empty()) {
        return {wire::ErrorCode::gone, "not all of them can be read; ask for each alone", 0};
    }
    if (outcome == index::ReadOutcome::refused) {
        return {wire::ErrorCode::gone, "the file cannot be read", 0};
    }
    owner_.on_stale(name);
    if (outcome == index::ReadOutcome::changed) {
        owner_.on_event(telemetry::file_changed(name));
        return {wire::ErrorCode::gone, "the file has changed or vanished", 0};
    }
    auto const reason = "cannot be read: " + std::generic_category().message(error);
    owner_.on_event(telemetry::file_unreadable(name, reason));
    return {wire::ErrorCode::gone, "the file " + reason, 0};
}

void Serving::close_files_later() {
    if (!std::exchange(closing_due_, true)) {
        closing_.set(reactor_.now() + kept_open_for);
    }
}

/// Those of bundles, too: each is read once.
void Serving::close_files() {
    closing_due_ = false;
    std::set<std::string> wanted;
    for (auto const& [transfer, reading] : readings_) {
        wanted.insert(reading.name);
    }
    reads_.submit(0, [files = files_, wanted = std::move(wanted)] {
        files->keep_only(wanted);
        return [] {};
    });
}

void Serving::on_read(swarm::Uploads::Piece const& piece, bus::Payload payload) {
    if (session_.uploads().find(piece.transfer) == nullptr) {
        return;  // closed meanwhile; letting go of the payload ends the piece
    }
    if (!senders_.send(piece, std::move(payload))) {
        session_.refuse_sink(piece.sink);
        pump();
    }
}

// ---- figures ----

/// Of a bundle the first.
wire::ContentId Serving::shown_content(swarm::UploadTransfer const& transfer) const {
    auto const found = readings_.find(transfer.id);
    bool const bundled = found != readings_.end() && !found->second.bundle.empty();
    return bundled ? found->second.bundle.front() : transfer.content;
}

std::vector<UploadStatus> Serving::uploads() const {
    std::vector<UploadStatus> all;
    for (auto const& [id, transfer] : session_.uploads().transfers) {
        all.push_back(
            {.content = wire::to_hex(shown_content(transfer)),
             .sink = transfer.sink.to_string(),
             .bytes = transfer.sent,
             .bytes_per_second = transfer.rate.bytes_per_second(),
             .credit_bytes = transfer.credit - std::min(transfer.credit, transfer.granted),
             .queued_chunks = transfer.queue.size()});
    }
    return all;
}

}  // namespace xfsbus::peer::serving
