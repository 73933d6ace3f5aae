#include "jobs/file_transfer.hpp"

#include "storage/sight.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer::jobs {
namespace {

constexpr auto probe_patience = std::chrono::seconds(3);

swarm::SinkSession::Candidate about_of(swarm::SourceId id, Candidate const& candidate) {
    return {.id = id,
            .endpoint = candidate.link->endpoint().to_string(),
            .labels = candidate.labels,
            .latency_ms = candidate.vitals.latency_ms,
            .load = candidate.vitals.load,
            .completeness = candidate.completeness};
}

}  // namespace

FileTransfer::FileTransfer(Parts const& parts, Wanted wanted, Owner owner)
    : parts_(parts),
      target_(std::move(wanted.target)),
      sources_most_(wanted.sources_most),
      policy_(std::move(wanted.policy)),
      play_(wanted.play),
      owner_(std::move(owner)),
      known_stamp_(wanted.known_stamp),
      stream_(std::move(wanted.stream)),
      random_(policy_->seed_for(target_.content)),
      alarm_(parts.scheduler, [this] {
          session_->on_tick(parts_.scheduler.now());
          pump();
      }) {}

FileTransfer::~FileTransfer() = default;

void FileTransfer::add_candidate(Candidate candidate) {
    if (*over_) {
        return;
    }
    if (!session_) {
        candidates_.push_back(std::move(candidate));
        return;
    }
    add(std::move(candidate));
    pump();
}

void FileTransfer::add(Candidate candidate) {
    auto const id = parts_.policies.source_ids.of(candidate.link->endpoint());
    auto const about = about_of(id, candidate);
    links_.try_emplace(id, std::move(candidate.link));
    session_->add_source(parts_.scheduler.now(), about);
}

bool FileTransfer::uses(wire::Endpoint const& endpoint) const {
    return session_ &&
           swarm::in_use(session_->download().sources(), parts_.policies.source_ids.of(endpoint));
}

void FileTransfer::add_fellow(std::shared_ptr<net::Link> link) {
    if (*over_ || !session_) {
        return;
    }
    auto const id = parts_.policies.source_ids.of(link->endpoint());
    auto const endpoint = link->endpoint().to_string();
    links_.try_emplace(id, std::move(link));
    swarm::add_fellow(*session_, parts_.scheduler.now(), id, endpoint);
    pump();
}

void FileTransfer::on_search_done() {
    if (session_ && !*over_) {
        session_->on_search_done(parts_.scheduler.now());
        pump();
    }
}

/// Does the work on the store pool, then hands its result back to this thread, unless the transfer
/// is over by then. The last hold on the transfer is let go of on this thread, too: it owns
/// connections. `bytes`: so many are dealt with.
template <typename Work, typename Then>
void FileTransfer::on_store_thread(std::uint64_t bytes, Work work, Then then) {
    parts_.store.submit(bytes,
                        [self = shared_from_this(), work = std::move(work),
                         then = std::move(then)]() mutable -> bus::Scheduler::Task {
                            auto result = work();
                            return [self = std::move(self), then = std::move(then),
                                    result = std::move(result)] {
                                if (!*self->over_) {
                                    then(result);
                                }
                            };
                        });
}

// ---- before the first chunk ----

void FileTransfer::start() {
    started_ = parts_.scheduler.now();
    part_ = std::make_shared<storage::PartFile>(target_);
    auto order = parts_.policies.new_order();
    order_ = std::move(order.slot);
    // What is there already may have to be read.
    on_store_thread(
        target_.manifest->file_bytes,
        [this, part = part_, make = std::move(order.make)] { return prepare(*part, make); },
        [this](Result<Prepared> const& prepared) { on_prepared(prepared); });
}

/// Store thread.
Result<FileTransfer::Prepared> FileTransfer::prepare(storage::PartFile& part,
                                                     MakeOrder const& make) const {
    try {
        return look_and_open(part, make);
    } catch (policies::PolicyFault const& fault) {
        return Error{Errc::plugin, fault.what()};
    }
}

Result<FileTransfer::Prepared> FileTransfer::look_and_open(storage::PartFile& part,
                                                           MakeOrder const& make) const {
    Prepared prepared;
    if (known_stamp_) {
        if (auto const fd = target_.tree->open_file(target_.name);
            fd && storage::stamp_of(fd->get()) == known_stamp_) {
            prepared.present = storage::PartFile::Present::same;
            prepared.stamp = known_stamp_;
            return prepared;
        }
    }
    auto const stop = [over = over_] { return over->load(); };
    auto const before = stamp_in_place();
    auto const present = part.look(stop);
    if (!present) {
        return present.error();
    }
    prepared.present = *present;
    // Else it was changed while it was looked at, and nobody may read it for what it was.
    prepared.stamp = before == stamp_in_place() ? before : std::nullopt;
    bool const fetch = *present == storage::PartFile::Present::nothing ||
                       (*present == storage::PartFile::Present::other && target_.replace);
    if (fetch) {
        auto chunks = part.open(stop);
        if (!chunks) {
            return chunks.error();
        }
        prepared.chunks = std::move(*chunks);
        if (target_.manifest->layout().chunks > 1) {
            prepared.order = make();  // else there is nothing to be asked
        }
        if (stream_ || swarm::in_swarm(target_.manifest->layout())) {
            auto reader = part.reader();
            prepared.reader = reader ? *reader : nullptr;  // then nothing of it is offered
        }
    }
    return prepared;
}

std::optional<swarm::FileStamp> FileTransfer::stamp_in_place() const {
    auto const fd = stream_ ? target_.tree->open_file(target_.name) : Result(files::Fd());
    return fd && *fd ? storage::stamp_of(fd->get()) : std::nullopt;
}

void FileTransfer::on_prepared(Result<Prepared> const& prepared) {
    if (!prepared) {
        return end(prepared.error());
    }
    if (prepared->present == storage::PartFile::Present::same) {
        if (prepared->stamp) {
            tell_streams([&](Stream& stream) { stream.complete(about(), *prepared->stamp); });
        }
        return end(std::nullopt, true);
    }
    if (prepared->present == storage::PartFile::Present::other && !target_.replace) {
        return end(storage::exists_already(target_));
    }
    auto const data_port = parts_.reception.chunks.port();
    data_port ? begin(*prepared, *data_port) : end(data_port.error());
}

void FileTransfer::begin(Prepared const& prepared, std::uint16_t data_port) {
    auto const now = parts_.scheduler.now();
    auto const layout = target_.manifest->layout();
    swarm::ChunkSet has(layout.chunks);
    std::ranges::for_each(prepared.chunks, [&](auto chunk) { has.insert(chunk); });
    content_ = std::make_shared<swarm::ContentState>(target_.content, layout, std::move(has));
    if (prepared.order) {
        order_->put(*prepared.order);
    }
    auto const transfer = ++parts_.policies.files_begun;
    if (parts_.policies.trace != nullptr) {
        parts_.policies.trace->on_transfer({.transfer = transfer,
                                            .name = target_.name,
                                            .content = wire::to_hex(target_.content),
                                            .bytes = layout.bytes,
                                            .chunk_bytes = layout.chunk_bytes,
                                            .chunks = layout.chunks,
                                            .chunks_here = content_->has().count()});
    }
    swarm::SinkSession::Options options;
    options.limits.sources_most = sources_most_;
    options.bytes_per_second = parts_.reception.bytes_per_second;
    options.data_port = data_port;
    session_ = std::make_unique<swarm::SinkSession>(
        *content_, options,
        swarm::Download::Policies{*policy_, *order_, transfer, &parts_.policies.source_history},
        random_.rng(),
        swarm::SinkSession::Owner{.throttle = parts_.reception.throttle,
                                  .new_transfer = parts_.reception.new_transfer,
                                  .on_actions = [this] { pump_soon(); }});
    for (auto& candidate : std::exchange(candidates_, {})) {
        add(std::move(candidate));
    }
    rate_.set_busy(now, true);
    reader_ = prepared.reader;
    bool const offers = reader_ && swarm::in_swarm(layout) && !content_->complete();
    session_->start(now, offers ? offer(reader_) : std::uint16_t{0});
    if (play_.bytes_per_second > 0 || play_.position > 0) {
        session_->play(now, play_.position, play_.bytes_per_second);
    }
    tell_streams([this](Stream& stream) { begin(stream); });
    if (content_->complete()) {
        return finish();
    }
    pump();
}

/// Lets others have what is here of it, until it is whole or given up. The port where; 0: nowhere.
std::uint16_t FileTransfer::offer(std::shared_ptr<storage::PartReader const> reader) {
    offer_ = parts_.offers.begin(*this, content_, target_.name, std::move(reader));
    if (!offer_) {
        return 0;
    }
    manifest_ = std::make_shared<std::string const>(wire::encode_manifest(*target_.manifest));
    return offer_->port();
}

void FileTransfer::play(PlayFrom const& from) {
    play_ = from;
    if (session_ && !*over_) {
        session_->play(parts_.scheduler.now(), from.position, from.bytes_per_second);
        pump();
    }
}

// ---- whoever reads it meanwhile ----

void FileTransfer::join(std::shared_ptr<Stream> const& stream) {
    std::erase_if(guests_, [](auto const& guest) { return guest.expired(); });
    guests_.push_back(stream);
    if (session_) {
        begin(*stream);
    }
}

void FileTransfer::begin(Stream& stream) {
    stream.begin(about(), {content_, reader_, [weak = weak_from_this()](std::uint64_t position) {
                               if (auto const self = weak.lock(); self && !*self->over_) {
                                   self->fetch_from(position);
                               }
                           }});
}

/// It may be in the middle of something.
void FileTransfer::fetch_from(std::uint64_t position) {
    play_.position = position;
    session_->play(parts_.scheduler.now(), position, play_.bytes_per_second, Stream::ahead_bytes);
    pump_soon();
}

void FileTransfer::tell_streams(std::function<void(Stream&)> const& tell) const {
    if (stream_) {
        tell(*stream_);
    }
    for (auto const& weak : guests_) {
        if (auto const guest = weak.lock()) {
            tell(*guest);
        }
    }
}

Stream::About FileTransfer::about() const {
    return {target_.name, target_.content, target_.manifest->file_bytes};
}

// ---- what the session wants done ----

/// Does it, unless it cannot go on.
void FileTransfer::pump() {
    auto const self = shared_from_this();
    auto actions = session_->take_actions();
    carry_out(actions);
    for (auto const& fault : {policy_->fault(), order_->fault()}) {
        if (fault) {
            return end(Error{Errc::plugin, *fault});
        }
    }
    if (auto failure = session_->download().progress(parts_.scheduler.now()).failure) {
        return end(std::move(failure));
    }
    if (actions.search) {
        owner_.search();
    }
    alarm_.set(session_->next_deadline());
}

void FileTransfer::pump_soon() {
    if (!std::exchange(pump_posted_, true)) {
        parts_.scheduler.post([weak = weak_from_this()] {
            if (auto const self = weak.lock(); self && !*self->over_) {
                self->pump_posted_ = false;
                self->pump();
            }
        });
    }
}

void FileTransfer::carry_out(swarm::SinkSession::Actions& actions) {
    for (auto const& lost : actions.lost) {
        parts_.log(telemetry::source_lost(target_.name, endpoint_of(lost.source), lost.why));
    }
    for (auto& each : actions.sends) {
        send(each);
    }
    for (auto const source : actions.forgotten) {
        let_go(source);
    }
    for (auto const source : actions.probes) {
        probe(source);
    }
    if (actions.announce_ppm) {
        announce(*actions.announce_ppm);
    }
}

void FileTransfer::send(swarm::SinkSession::Send& send) {
    auto* const link = link_to(send.to);
    if (link == nullptr) {
        return;
    }
    if (auto* const wanted = std::get_if<wire::Want>(&send.what)) {
        want(*link, send.to, *wanted);
    } else if (auto* const have = std::get_if<wire::Have>(&send.what)) {
        link->tell(std::move(*have));
    } else {
        auto const& close = std::get<swarm::SinkSession::Close>(send.what);
        parts_.reception.chunks.remove(close.transfer);
        link->close(close.transfer, close.corrupt, close.tell);
    }
}

void FileTransfer::want(net::Link& link, swarm::SourceId source, wire::Want& want) {
    auto const weak = weak_from_this();
    parts_.reception.chunks.add(want.transfer, target_.manifest->chunk_bytes,
                                [this, source](auto const& header, bus::Payload payload) {
                                    return on_chunk(source, header, std::move(payload));
                                });
    link.want(std::move(want), {.on_refused =
                                    [weak, source](auto const& refused) {
                                        if (auto const alive = weak.lock()) {
                                            alive->on_refused(source, refused);
                                        }
                                    },
                                .on_have =
                                    [weak, source](auto const& have) {
                                        if (auto const alive = weak.lock()) {
                                            alive->on_have(source, have);
                                        }
                                    }});
}

void FileTransfer::on_have(swarm::SourceId source, wire::Have const& have) {
    if (!*over_) {
        session_->on_word(parts_.scheduler.now(), source, have);
        pump();
    }
}

void FileTransfer::on_refused(swarm::SourceId source, wire::Refused const& refused) {
    wire::Refused const escaped{refused.transfer, refused.code, wire::escape(refused.reason)};
    if (*over_ || !session_->on_word(parts_.scheduler.now(), source, escaped)) {
        return;
    }
    if (refused.code == wire::ErrorCode::unreachable) {
        parts_.log(telemetry::unreachable_here(target_.name, endpoint_of(source), refused.reason));
    }
    pump();
}

void FileTransfer::probe(swarm::SourceId source) {
    auto* const link = link_to(source);
    if (link == nullptr) {
        return;
    }
    link->probe(
        probe_patience, [weak = weak_from_this(), source](Result<net::Link::Vitals> const& vitals) {
            auto const alive = weak.lock();
            // No answer needs no word: the core counts the silence.
            if (alive && !*alive->over_ && vitals) {
                alive->session_->on_word(alive->parts_.scheduler.now(), source,
                                         swarm::Download::Vitals{vitals->load, vitals->latency_ms});
            }
        });
}

void FileTransfer::announce(std::uint32_t ppm) {
    offer_->announce(ppm, manifest_);
}

net::Link* FileTransfer::link_to(swarm::SourceId source) const {
    auto const found = links_.find(source);
    return found == links_.end() ? nullptr : found->second.get();
}

std::string FileTransfer::endpoint_of(swarm::SourceId source) const {
    auto const* const link = link_to(source);
    return link == nullptr ? "a source that is gone" : link->endpoint().to_string();
}

/// Not at once: it may be the link that tells us so.
void FileTransfer::let_go(swarm::SourceId source) {
    if (auto const found = links_.extract(source)) {
        parts_.scheduler.post([link = std::move(found.mapped())] {});
    }
}

// ---- chunks ----

bool FileTransfer::on_chunk(swarm::SourceId source, wire::ChunkHeader const& header,
                            bus::Payload payload) {
    auto const verdict =
        session_->on_chunk(parts_.scheduler.now(), source, header, payload.bytes.size());
    parts_.reception.counters[telemetry::Counter::bytes_received] += payload.bytes.size();
    if (verdict != swarm::Download::Verdict::take) {
        using telemetry::Counter;
        bool const lie = verdict == swarm::Download::Verdict::lie;
        ++parts_.reception.counters[lie ? Counter::chunks_rejected : Counter::chunks_unsolicited];
        pump();
        return false;
    }
    auto const bytes = payload.bytes.size();
    on_store_thread(
        bytes,
        [over = over_, part = part_, chunk = header.chunk, payload = std::move(payload)] {
            return over->load() ? Written{storage::PartFile::Stored::corrupt, std::nullopt}
                                : write(*part, chunk, payload);
        },
        [this, source, chunk = header.chunk](Written const& written) {
            on_written(source, chunk, written);
        });
    return true;
}

/// Store thread. The thread that stores the last chunk gives the file its name, too, unless it is
/// to survive a power cut: then it is committed with others.
FileTransfer::Written FileTransfer::write(storage::PartFile& part, std::uint32_t chunk,
                                          bus::Payload const& payload) {
    try {
        Written written{part.store(chunk, payload.bytes), std::nullopt};
        if (written.stored && *written.stored == storage::PartFile::Stored::last &&
            !part.commits()) {
            written.finished = part.finish();
        }
        return written;
    } catch (policies::PolicyFault const& fault) {
        return {Error{Errc::plugin, fault.what()}, std::nullopt};
    }
}

void FileTransfer::on_written(swarm::SourceId source, std::uint32_t chunk, Written const& written) {
    auto const now = parts_.scheduler.now();
    if (!written.stored) {
        return end(written.stored.error());
    }
    if (*written.stored == storage::PartFile::Stored::corrupt) {
        ++parts_.reception.counters[telemetry::Counter::chunks_rejected];
        parts_.log(
            telemetry::source_lied(target_.name, endpoint_of(source), "it sent corrupt data"));
        session_->on_checked(now, source, chunk, swarm::Download::Check::corrupt);
        return pump();
    }
    auto const bytes = target_.manifest->layout().length(chunk);
    bytes_fetched_ += bytes;
    rate_.add(now, bytes);
    if (auto const* const link = link_to(source)) {
        parts_.reception.deliveries.add(now, link->endpoint(), bytes);
    }
    session_->on_checked(now, source, chunk, swarm::Download::Check::stored);
    tell_streams([](Stream& stream) { stream.gained(); });
    if (written.finished) {
        finished_ = written.finished;
    } else if (*written.stored == storage::PartFile::Stored::last) {
        commit();
    }
    // The word of the thread that stored the last chunk may overtake another's.
    if (finished_ && content_->complete()) {
        return finished_->ok() ? succeed(**finished_) : end(finished_->error());
    }
    pump();
}

void FileTransfer::commit() {
    auto& scheduler = parts_.scheduler;
    parts_.committer.submit(
        part_, [self = shared_from_this(), &scheduler](Result<swarm::IndexedFile> file) mutable {
            // Moved: the last hold on the transfer is let go of on the reactor's thread.
            scheduler.post([self = std::move(self), file = std::move(file)] {
                if (!*self->over_) {
                    self->on_finished(file);
                }
            });
        });
}

void FileTransfer::on_finished(Result<swarm::IndexedFile> const& file) {
    finished_ = file;
    if (content_->complete()) {
        file ? succeed(*file) : end(file.error());
    }
}

// ---- the end ----

/// Everything was on disk already.
void FileTransfer::finish() {
    if (part_->commits()) {
        return commit();
    }
    on_store_thread(
        target_.manifest->file_bytes, [part = part_] { return part->finish(); },
        [this](Result<swarm::IndexedFile> const& finished) { on_finished(finished); });
}

void FileTransfer::succeed(swarm::IndexedFile const& file) {
    parts_.offers.on_fetched(file);
    if (offer_) {
        offer_->complete(file);
    }
    tell_streams([&](Stream& stream) { stream.complete(about(), file.stamp); });
    end(std::nullopt);
}

void FileTransfer::cancel() {
    if (!*over_) {
        end(Error{Errc::interrupted, "interrupted; the same command goes on where it stopped"});
    }
}

void FileTransfer::end(std::optional<Error> error, bool present) {
    auto const self = shared_from_this();  // the owner may let go of us
    *over_ = true;
    alarm_.set(std::nullopt);
    DownloadedFile report;
    if (session_) {
        report = report_of_session();
        auto actions = session_->end();
        carry_out(actions);
    }
    offer_.reset();
    auto const over =
        error.value_or(Error{Errc::interrupted, "it was here already; open it again"});
    for (auto const& weak : std::exchange(guests_, {})) {
        if (auto const guest = weak.lock()) {
            guest->fail(over);  // unless it has the whole of it
        }
    }
    report.name = target_.name;
    report.content = wire::to_hex(target_.content);
    report.size = target_.manifest->file_bytes;
    report.present = present;
    report.error = std::move(error);
    report.bytes_fetched = bytes_fetched_;
    report.seconds = std::chrono::duration<double>(parts_.scheduler.now() - started_).count();
    parts_.reception.counters[telemetry::Counter::bytes_duplicate] += report.bytes_duplicate;
    links_.clear();
    candidates_.clear();
    lacked_room_ = part_->lacked_room();
    part_.reset();
    reader_.reset();
    owner_.on_done(std::move(report));
}

}  // namespace xfsbus::peer::jobs
