#include "jobs/file_transfer.hpp"

#include "storage/sight.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer::jobs {
FileTransfer::FileTransfer(Parts const& parts, Wanted wanted, Owner owner)
    : parts_(parts),
      target_(std::move(wanted.target)),
      sources_most_(wanted.sources_most),
      policy_(std::move(wanted.policy)),
      play_(wanted.play),
      owner_(std::move(owner)),
      known_stamp_(wanted.known_stamp),
      stream_(std::move(wanted.stream)),
      random_(policy_->seed_for(target_.content)) {}

FileTransfer::~FileTransfer() = default;

void FileTransfer::add_candidate(Candidate candidate) {
    if (*over_) {
        return;
    }
    if (!runner_) {
        candidates_.push_back(std::move(candidate));
        return;
    }
    runner_->add(std::move(candidate));
    runner_->pump();
}

bool FileTransfer::uses(wire::Endpoint const& endpoint) const {
    return runner_ && runner_->uses(endpoint);
}

void FileTransfer::add_fellow(std::shared_ptr<net::Link> link) {
    if (!*over_ && runner_) {
        runner_->add_fellow(std::move(link));
    }
}

void FileTransfer::on_search_done() {
    if (!*over_ && runner_) {
        runner_->on_search_done();
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
    runner_ = std::make_shared<SessionRunner>(
        parts_,
        SessionRunner::Subject{target_.name,
                               *content_,
                               options,
                               {*policy_, *order_, transfer, &parts_.policies.source_history},
                               random_.rng()},
        static_cast<SessionRunner::Owner&>(*this));
    for (auto& candidate : std::exchange(candidates_, {})) {
        runner_->add(std::move(candidate));
    }
    rate_.set_busy(now, true);
    reader_ = prepared.reader;
    bool const offers = reader_ && swarm::in_swarm(layout) && !content_->complete();
    runner_->session().start(now, offers ? offer(reader_) : std::uint16_t{0});
    if (play_.bytes_per_second > 0 || play_.position > 0) {
        runner_->session().play(now, play_.position, play_.bytes_per_second);
    }
    tell_streams([this](Stream& stream) { begin(stream); });
    if (content_->complete()) {
        return finish();
    }
    runner_->pump();
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
    if (runner_ && !*over_) {
        runner_->session().play(parts_.scheduler.now(), from.position, from.bytes_per_second);
        runner_->pump();
    }
}

// ---- whoever reads it meanwhile ----

void FileTransfer::join(std::shared_ptr<Stream> const& stream) {
    std::erase_if(guests_, [](auto const& guest) { return guest.expired(); });
    guests_.push_back(stream);
    if (runner_) {
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
    runner_->session().play(parts_.scheduler.now(), position, play_.bytes_per_second,
                            Stream::ahead_bytes);
    runner_->pump_soon();
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

void FileTransfer::announce(std::uint32_t ppm) {
    offer_->announce(ppm, manifest_);
}

std::optional<Error> FileTransfer::fault() const {
    for (auto const& fault : {policy_->fault(), order_->fault()}) {
        if (fault) {
            return Error{Errc::plugin, *fault};
        }
    }
    return std::nullopt;
}

void FileTransfer::on_failed(Error const& error) {
    end(error);
}

void FileTransfer::search() {
    owner_.search();
}

// ---- chunks ----

void FileTransfer::on_chunk(swarm::SourceId source, std::uint32_t chunk, bus::Payload payload) {
    auto const bytes = payload.bytes.size();
    on_store_thread(
        bytes,
        [over = over_, part = part_, chunk, payload = std::move(payload)] {
            return over->load() ? Written{storage::PartFile::Stored::corrupt, std::nullopt}
                                : write(*part, chunk, payload);
        },
        [this, source, chunk](Written const& written) { on_written(source, chunk, written); });
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
        runner_->on_checked(source, chunk, swarm::Download::Check::corrupt, 0);
        return runner_->pump();
    }
    auto const bytes = target_.manifest->layout().length(chunk);
    bytes_fetched_ += bytes;
    rate_.add(now, bytes);
    runner_->on_checked(source, chunk, swarm::Download::Check::stored, bytes);
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
    runner_->pump();
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
        end(cancelled());
    }
}

void FileTransfer::end(std::optional<Error> error, bool present) {
    auto const self = shared_from_this();  // the owner may let go of us
    *over_ = true;
    DownloadedFile report;
    if (runner_) {
        report = report_of_session();
        runner_->end();
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
    candidates_.clear();
    lacked_room_ = part_->lacked_room();
    part_.reset();
    reader_.reset();
    owner_.on_done(std::move(report));
}

}  // namespace xfsbus::peer::jobs
