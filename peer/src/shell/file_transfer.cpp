#include "shell/file_transfer.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer {
namespace {

constexpr auto probe_patience = std::chrono::seconds(3);

}  // namespace

FileTransfer::FileTransfer(Services& services, PartFile::Target target, std::size_t sources_most,
                           std::shared_ptr<PolicySlot> policy, Owner owner)
    : services_(services),
      target_(std::move(target)),
      sources_most_(sources_most),
      policy_(std::move(policy)),
      owner_(std::move(owner)) {
    auto const* mine = services_.share.by_name(target_.name);
    if (mine != nullptr && mine->content == target_.content) {
        known_stamp_ = mine->stamp;
    }
}

FileTransfer::~FileTransfer() {
    if (timer_) {
        services_.reactor.cancel(*timer_);
    }
}

Download::Limits FileTransfer::limits() const {
    Download::Limits limits;
    limits.sources_most = sources_most_;
    if (auto const rate = services_.throttle.rate(); rate > 0) {
        // What is asked for waits at the throttle: no more than a few seconds' worth, and no
        // source is blamed for it.
        limits.window_bytes = std::min(limits.window_bytes, 2 * rate);
        auto const chunk_seconds = 1 + target_.manifest->chunk_bytes / rate;
        limits.chunk_patience += std::chrono::seconds(8 * chunk_seconds);
    }
    return limits;
}

void FileTransfer::add_candidate(Candidate candidate) {
    auto const endpoint = candidate.link->endpoint();
    auto const id = services_.source_id(endpoint);
    Download::Candidate const about{id,
                                    endpoint.to_string(),
                                    candidate.labels,
                                    candidate.vitals.latency_ms,
                                    candidate.vitals.load,
                                    candidate.completeness};
    ways_.try_emplace(id, Way{std::move(candidate), std::nullopt});
    if (download_) {
        download_->add_source(services_.reactor.now(), about);
        pump();
    }
}

void FileTransfer::on_search_done() {
    if (download_ && !*over_) {
        download_->on_search_done(services_.reactor.now());
        pump();
    }
}

/// Does the work on the store pool, then hands its result back to this thread, unless the transfer
/// is over by then. The last hold on the transfer is let go of on this thread, too: it owns
/// connections.
template <typename Work, typename Then>
void FileTransfer::on_store_thread(Work work, Then then) {
    services_.store.submit([self = shared_from_this(), work = std::move(work),
                            then = std::move(then)]() mutable {
        auto result = work();
        auto& reactor = self->services_.reactor;
        reactor.post([self = std::move(self), then = std::move(then), result = std::move(result)] {
            if (!*self->over_) {
                then(result);
            }
        });
    });
}

// ---- before the first chunk ----

void FileTransfer::start() {
    started_ = services_.reactor.now();
    part_ = std::make_shared<PartFile>(target_);
    on_store_thread([this, part = part_] { return prepare(*part); },
                    [this](Result<Prepared> const& prepared) { on_prepared(prepared); });
}

/// Store thread.
Result<FileTransfer::Prepared> FileTransfer::prepare(PartFile& part) const {
    try {
        return look_and_open(part);
    } catch (policies::PolicyFault const& fault) {
        return Error{Errc::plugin, fault.what()};
    }
}

Result<FileTransfer::Prepared> FileTransfer::look_and_open(PartFile& part) const {
    Prepared prepared;
    if (known_stamp_) {
        if (auto const fd = target_.tree->open_file(target_.name);
            fd && stamp_of(fd->get()) == known_stamp_) {
            prepared.present = PartFile::Present::same;
            return prepared;
        }
    }
    auto const present = PartFile::look(target_);
    if (!present) {
        return present.error();
    }
    prepared.present = *present;
    bool const fetch = *present == PartFile::Present::nothing ||
                       (*present == PartFile::Present::other && target_.replace);
    if (fetch) {
        auto chunks = part.open([over = over_] { return over->load(); });
        if (!chunks) {
            return chunks.error();
        }
        prepared.chunks = std::move(*chunks);
    }
    return prepared;
}

void FileTransfer::on_prepared(Result<Prepared> const& prepared) {
    if (!prepared) {
        return end(prepared.error());
    }
    if (prepared->present == PartFile::Present::same) {
        return end(std::nullopt, true);
    }
    if (prepared->present == PartFile::Present::other && !target_.replace) {
        return end(Error{Errc::disk, "'" + wire::escape(target_.name) +
                                         "' exists already with other content; use --force to "
                                         "replace it or -o to choose another name"});
    }
    begin(prepared->chunks);
}

void FileTransfer::begin(std::vector<std::uint32_t> const& chunks) {
    auto const now = services_.reactor.now();
    auto const& manifest = *target_.manifest;
    download_ = std::make_unique<Download>(
        Download::File{manifest.file_bytes, manifest.chunk_bytes, manifest.chunk_count()}, limits(),
        *policy_, policy_->rng());
    for (auto const chunk : chunks) {
        download_->have(chunk);
    }
    for (auto const& [id, way] : ways_) {
        auto const& about = way.about;
        download_->add_source(
            now, {id, about.link->endpoint().to_string(), about.labels, about.vitals.latency_ms,
                  about.vitals.load, about.completeness});
    }
    download_->start(now);
    if (download_->complete()) {
        return finish();
    }
    pump();
}

// ---- chunks ----

/// Does what the core wants done, until it wants nothing.
void FileTransfer::pump() {
    auto const self = shared_from_this();
    auto const actions = download_->take_actions();
    for (auto const& dropped : actions.drops) {
        drop(dropped.source);
    }
    for (auto const& asked : actions.asks) {
        ask(asked);
    }
    for (auto const& probed : actions.probes) {
        probe(probed.source);
    }
    if (policy_->fault()) {
        return end(Error{Errc::plugin, *policy_->fault()});
    }
    if (auto const& failure = download_->failure()) {
        return end(failure);
    }
    if (actions.search) {
        owner_.search();
    }
    arm_timer();
}

void FileTransfer::ask(Download::Ask const& ask) {
    Way& way = ways_.at(ask.source);
    if (!way.transfer) {
        way.transfer = services_.new_transfer();
        services_.routes[*way.transfer] = {this, ask.source};
    }
    if (services_.throttle.rate() == 0) {
        return want(ask.source, *way.transfer, ask.credit, ask.chunks);
    }
    auto const& manifest = *target_.manifest;
    auto credit = ask.credit;
    for (auto const chunk : ask.chunks) {
        credit -= manifest.chunk_length(chunk);
    }
    for (auto const chunk : ask.chunks) {
        credit += manifest.chunk_length(chunk);
        services_.throttle.submit(manifest.chunk_length(chunk),
                                  [self = weak_from_this(), source = ask.source,
                                   transfer = *way.transfer, credit, chunk] {
                                      if (auto const alive = self.lock()) {
                                          alive->want(source, transfer, credit, {chunk});
                                      }
                                  });
    }
}

/// Unless the transfer has ended meanwhile.
void FileTransfer::want(SourceId source, wire::TransferId const& transfer, std::uint64_t credit,
                        std::vector<std::uint32_t> chunks) {
    auto const found = ways_.find(source);
    if (found == ways_.end() || found->second.transfer != transfer) {
        return;
    }
    found->second.about.link->want(
        {transfer, target_.content, services_.data, credit, std::move(chunks)},
        [self = weak_from_this(), source](wire::Refused const& refused) {
            if (auto const alive = self.lock()) {
                alive->on_refused(source, refused);
            }
        });
}

void FileTransfer::on_refused(SourceId source, wire::Refused const& refused) {
    if (!*over_ && ways_.at(source).transfer == refused.transfer) {
        download_->on_refused(services_.reactor.now(), source, refused.code,
                              wire::escape(refused.reason));
        pump();
    }
}

void FileTransfer::probe(SourceId source) {
    ways_.at(source).about.link->probe(
        probe_patience, [self = weak_from_this(), source](Result<Link::Vitals> const& vitals) {
            auto const alive = self.lock();
            // No answer needs no word: the core counts the silence.
            if (alive && !*alive->over_ && vitals) {
                alive->download_->on_pong(alive->services_.reactor.now(), source, vitals->load,
                                          vitals->latency_ms);
            }
        });
}

void FileTransfer::drop(SourceId source) {
    Way& way = ways_.at(source);
    if (way.transfer) {
        services_.routes.erase(*way.transfer);
        way.about.link->close(*way.transfer);
        way.transfer.reset();
    }
}

void FileTransfer::on_chunk(SourceId source, wire::ChunkHeader const& header,
                            bus::Payload payload) {
    auto const verdict = download_->on_chunk(services_.reactor.now(), source, header.chunk,
                                             header.offset, payload.bytes.size());
    services_.counters.bytes_received += payload.bytes.size();
    if (verdict != Download::Verdict::take) {
        auto& counters = services_.counters;
        ++(verdict == Download::Verdict::lie ? counters.chunks_rejected
                                             : counters.chunks_unsolicited);
        return pump();
    }
    on_store_thread(
        [over = over_, part = part_, chunk = header.chunk, payload = std::move(payload)] {
            return over->load() ? Written{PartFile::Stored::corrupt, std::nullopt}
                                : write(*part, chunk, payload);
        },
        [this, source, chunk = header.chunk](Written const& written) {
            on_written(source, chunk, written);
        });
}

/// Store thread. The thread that stores the last chunk gives the file its name, too.
FileTransfer::Written FileTransfer::write(PartFile& part, std::uint32_t chunk,
                                          bus::Payload const& payload) {
    try {
        Written written{part.store(chunk, payload.bytes), std::nullopt};
        if (written.stored && *written.stored == PartFile::Stored::last) {
            written.finished = part.finish();
        }
        return written;

    } catch (policies::PolicyFault const& fault) {
        return {Error{Errc::plugin, fault.what()}, std::nullopt};
    }
}

void FileTransfer::on_written(SourceId source, std::uint32_t chunk, Written const& written) {
    auto const now = services_.reactor.now();
    if (!written.stored) {
        return end(written.stored.error());
    }
    if (*written.stored == PartFile::Stored::corrupt) {
        ++services_.counters.chunks_rejected;
        services_.log(LogLevel::warning, "corrupt data for '" + wire::escape(target_.name) +
                                             "' from " +
                                             ways_.at(source).about.link->endpoint().to_string() +
                                             "; it is not used again for this file");
        download_->on_corrupt(now, source, chunk);
        return pump();
    }
    bytes_fetched_ += target_.manifest->chunk_length(chunk);
    download_->on_stored(now, source, chunk);
    if (written.finished) {
        return written.finished->ok() ? succeed(**written.finished)
                                      : end(written.finished->error());
    }
    pump();
}

// ---- the end ----

/// Everything was on disk already.
void FileTransfer::finish() {
    on_store_thread([part = part_] { return part->finish(); },
                    [this](Result<IndexedFile> const& finished) {
                        finished ? succeed(*finished) : end(finished.error());
                    });
}

void FileTransfer::succeed(IndexedFile file) {
    services_.on_fetched(std::move(file));
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
    for (auto const& [id, way] : ways_) {
        drop(id);
    }
    if (timer_) {
        services_.reactor.cancel(*timer_);
        timer_.reset();
    }
    DownloadedFile report;
    report.name = target_.name;
    report.content = wire::to_hex(target_.content);
    report.size = target_.manifest->file_bytes;
    report.present = present;
    report.error = std::move(error);
    report.bytes_fetched = bytes_fetched_;
    report.seconds = std::chrono::duration<double>(services_.reactor.now() - started_).count();
    if (download_) {
        auto const progress = download_->progress();
        report.bytes_resumed = progress.bytes_resumed;
        report.chunks_rejected = progress.chunks_rejected;
        report.chunks_surplus = progress.chunks_surplus;
        for (auto& source : download_->sources()) {
            report.sources.push_back({source.endpoint, source.bytes, source.state});
        }
    }
    ways_.clear();
    part_.reset();
    owner_.on_done(std::move(report));
}

void FileTransfer::arm_timer() {
    if (timer_) {
        services_.reactor.cancel(*timer_);
        timer_.reset();
    }
    if (auto const deadline = download_->next_deadline()) {
        timer_ = services_.reactor.at(*deadline, [this] {
            timer_.reset();
            download_->on_tick(services_.reactor.now());
            pump();
        });
    }
}

std::uint64_t FileTransfer::bytes_stored() const {
    return download_ ? download_->progress().bytes_stored : 0;
}

std::size_t FileTransfer::sources_active() const {
    return download_ ? download_->progress().sources_active : 0;
}

}  // namespace xfsbus::peer
