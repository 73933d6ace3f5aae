#include "jobs/file_transfer.hpp"

#include "serving/serving.hpp"
#include "storage/sight.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer::jobs {
namespace {

constexpr auto probe_patience = std::chrono::seconds(3);

/// 0 is no limit.
std::uint64_t lower_limit(std::uint64_t a, std::uint64_t b) {
    return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

}  // namespace

FileTransfer::FileTransfer(Services& services, storage::PartFile::Target target,
                           std::size_t sources_most, std::shared_ptr<PolicySlot> policy,
                           Owner owner)
    : services_(services),
      target_(std::move(target)),
      sources_most_(sources_most),
      policy_(std::move(policy)),
      owner_(std::move(owner)),
      random_(policy_->seed_for(target_.content)),
      throttle_(services.reactor, services.transfer_bytes_per_second),
      has_(target_.manifest->layout().chunks),
      offering_(std::make_unique<Offering>(services, target_)) {
    auto const* mine = services_.share.by_name(target_.name);
    if (mine != nullptr && mine->content == target_.content) {
        known_stamp_ = mine->stamp;
    }
}

FileTransfer::~FileTransfer() {
    for (auto const& timer : {timer_, tell_timer_}) {
        if (timer) {
            services_.reactor.cancel(*timer);
        }
    }
}

swarm::Download::Limits FileTransfer::limits() const {
    swarm::Download::Limits limits;
    limits.sources_most = sources_most_;
    if (auto const rate = lower_limit(services_.throttle.rate(), throttle_.rate()); rate > 0) {
        // What is asked for waits at the throttle: no more than a few seconds' worth, and no
        // source is blamed for it.
        limits.outstanding_most = std::min(limits.outstanding_most, 2 * rate);
        auto const chunk_seconds = 1 + target_.manifest->chunk_bytes / rate;
        limits.chunk_patience += std::chrono::seconds(8 * chunk_seconds);
        limits.patience_least = limits.chunk_patience;
    }
    return limits;
}

void FileTransfer::add_candidate(Candidate candidate) {
    if (*over_) {
        return;
    }
    auto const id = services_.source_id(candidate.link->endpoint());
    auto const about = about_of(id, candidate);
    ways_.try_emplace(id, Way{std::move(candidate)});
    if (download_) {
        if (!download_->add_source(services_.reactor.now(), about)) {
            let_go(id);
        }
        pump();
    }
}

FileTransfer::Way* FileTransfer::way_of(swarm::SourceId source) {
    auto const found = ways_.find(source);
    return found == ways_.end() ? nullptr : &found->second;
}

/// Of the link to a source that the core knows no more. Not at once: it may be the link that tells
/// us so.
void FileTransfer::let_go(swarm::SourceId source) {
    if (auto const found = ways_.find(source); found != ways_.end()) {
        services_.reactor.post([link = std::move(found->second.about.link)] {});
        ways_.erase(found);
    }
}

swarm::Download::Candidate FileTransfer::about_of(swarm::SourceId id, Candidate const& candidate) {
    return {.id = id,
            .endpoint = candidate.link->endpoint().to_string(),
            .labels = candidate.labels,
            .latency_ms = candidate.vitals.latency_ms,
            .load = candidate.vitals.load,
            .completeness = candidate.completeness};
}

bool FileTransfer::uses(wire::Endpoint const& endpoint) const {
    auto const* const source = download_ ? download_->find(services_.source_id(endpoint)) : nullptr;
    return source != nullptr && source->state == swarm::DownloadSource::State::active;
}

/// It has just been heard, so it is there; how it is, the core asks every second.
void FileTransfer::add_fellow(std::shared_ptr<net::Link> link) {
    if (!*over_ && !uses(link->endpoint())) {
        add_candidate({std::move(link), "", {}, 0});
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
    part_ = std::make_shared<storage::PartFile>(target_);
    on_store_thread([this, part = part_] { return prepare(*part); },
                    [this](Result<Prepared> const& prepared) { on_prepared(prepared); });
}

/// Store thread.
Result<FileTransfer::Prepared> FileTransfer::prepare(storage::PartFile& part) const {
    try {
        return look_and_open(part);
    } catch (policies::PolicyFault const& fault) {
        return Error{Errc::plugin, fault.what()};
    }
}

Result<FileTransfer::Prepared> FileTransfer::look_and_open(storage::PartFile& part) const {
    Prepared prepared;
    if (known_stamp_) {
        if (auto const fd = target_.tree->open_file(target_.name);
            fd && storage::stamp_of(fd->get()) == known_stamp_) {
            prepared.present = storage::PartFile::Present::same;
            return prepared;
        }
    }
    auto const stop = [over = over_] { return over->load(); };
    auto const present = part.look(stop);
    if (!present) {
        return present.error();
    }
    prepared.present = *present;
    bool const fetch = *present == storage::PartFile::Present::nothing ||
                       (*present == storage::PartFile::Present::other && target_.replace);
    if (fetch) {
        auto chunks = part.open(stop);
        if (!chunks) {
            return chunks.error();
        }
        prepared.chunks = std::move(*chunks);
        prepared.order = services_.new_order();
        if (in_swarm()) {
            auto reader = part.reader();
            prepared.reader = reader ? *reader : nullptr;  // then nothing of it is offered
        }
    }
    return prepared;
}

void FileTransfer::on_prepared(Result<Prepared> const& prepared) {
    if (!prepared) {
        return end(prepared.error());
    }
    if (prepared->present == storage::PartFile::Present::same) {
        return end(std::nullopt, true);
    }
    if (prepared->present == storage::PartFile::Present::other && !target_.replace) {
        return end(storage::PartFile::exists_already(target_));
    }
    begin(*prepared);
}

void FileTransfer::begin(Prepared const& prepared) {
    auto const now = services_.reactor.now();
    order_ = prepared.order;
    download_ = std::make_unique<swarm::Download>(target_.manifest->layout(), limits(),
                                                  swarm::Download::Policies{*policy_, *order_},
                                                  random_.rng());
    for (auto const chunk : prepared.chunks) {
        download_->have(chunk);
        has_.insert(chunk);
    }
    std::vector<swarm::SourceId> refused;
    for (auto const& [id, way] : ways_) {
        if (!download_->add_source(now, about_of(id, way.about))) {
            refused.push_back(id);
        }
    }
    std::ranges::for_each(refused, [this](swarm::SourceId id) { let_go(id); });
    rate_.set_busy(now, true);
    if (has_.complete()) {
        download_->start(now);
        return finish();
    }
    if (prepared.reader) {
        services_.fetching.try_emplace(target_.content, this);
        offering_->begin(
            has_, std::make_shared<std::string const>(wire::encode_manifest(*target_.manifest)),
            prepared.reader);
    }
    download_->start(now);
    pump();
}

// ---- chunks ----

/// Does what the core wants done, until it wants nothing.
void FileTransfer::pump() {
    auto const self = shared_from_this();
    auto const actions = download_->take_actions();
    for (auto const& dropped : actions.drops) {
        tell_loss(dropped.source);
        drop(dropped.source);
        if (dropped.for_good) {
            let_go(dropped.source);
        }
    }
    for (auto const& spared : actions.spares) {
        if (auto const* const way = way_of(spared.source)) {
            tell(*way, spared.chunks);  // a source does not send what its sink says that it has
        }
    }
    for (auto const& asked : actions.asks) {
        ask(asked);
    }
    for (auto const& probed : actions.probes) {
        probe(probed.source);
    }
    for (auto const& fault : {policy_->fault(), order_->fault()}) {
        if (fault) {
            return end(Error{Errc::plugin, *fault});
        }
    }
    if (auto const& failure = download_->failure()) {
        return end(failure);
    }
    if (actions.search) {
        owner_.search();
    }
    arm_timer();
}

void FileTransfer::ask(swarm::Download::Ask const& ask) {
    auto* const found = way_of(ask.source);
    if (found == nullptr) {
        return;
    }
    Way& way = *found;
    bool const opens = !way.transfer;
    if (opens) {
        way.transfer = services_.new_transfer();
        services_.routes[*way.transfer] = {this, ask.source};
        services_.on_routes(target_.manifest->chunk_bytes);
    }
    bool const limited = services_.throttle.rate() > 0 || throttle_.rate() > 0;
    if (!limited || ask.chunks.empty()) {
        want(ask.source, *way.transfer, ask.credit, ask.chunks);
    } else {
        ask_slowly(ask, *way.transfer);
    }
    if (opens) {
        tell_all(way);
    }
}

/// Chunk by chunk, as this file's limit allows, and then as that of all downloads does.
void FileTransfer::ask_slowly(swarm::Download::Ask const& ask, wire::TransferId const& transfer) {
    auto const layout = target_.manifest->layout();
    auto credit = ask.credit;
    for (auto const chunk : ask.chunks) {
        credit -= layout.length(chunk);
    }
    for (auto const chunk : ask.chunks) {
        auto const bytes = layout.length(chunk);
        credit += bytes;
        auto let_through = [self = weak_from_this(), source = ask.source, transfer, credit, chunk] {
            if (auto const alive = self.lock()) {
                alive->want(source, transfer, credit, {chunk});
            }
        };
        throttle_.submit(bytes, [&services = services_, bytes, let_through] {
            services.throttle.submit(bytes, let_through);
        });
    }
}

/// Unless the transfer has ended meanwhile.
void FileTransfer::want(swarm::SourceId source, wire::TransferId const& transfer,
                        std::uint64_t credit, std::vector<std::uint32_t> chunks) {
    auto* const way = way_of(source);
    if (way == nullptr || way->transfer != transfer) {
        return;
    }
    wire::Want want;
    want.transfer = transfer;
    want.content = target_.content;
    want.port = services_.data_port;
    want.credit = credit;
    want.chunks = std::move(chunks);
    want.swarm = in_swarm();
    want.serves = offering_->active() ? services_.serving->endpoint().port : 0;
    way->about.link->want(std::move(want),
                          {.on_refused =
                               [self = weak_from_this(), source](auto const& refused) {
                                   if (auto const alive = self.lock()) {
                                       alive->on_refused(source, refused);
                                   }
                               },
                           .on_have =
                               [self = weak_from_this(), source](auto const& have) {
                                   if (auto const alive = self.lock()) {
                                       alive->on_have(source, have);
                                   }
                               }});
}

void FileTransfer::on_have(swarm::SourceId source, wire::Have const& have) {
    auto const* const way = way_of(source);
    if (*over_ || way == nullptr || way->transfer != have.transfer) {
        return;
    }
    auto const now = services_.reactor.now();
    auto const chunks = target_.manifest->layout().chunks;
    if (have.complete) {
        download_->on_has(now, source, swarm::ChunkSet::full(chunks));
    } else if (!have.bitmap.empty()) {
        if (auto has = swarm::ChunkSet::from_wire(have.bitmap, chunks)) {
            download_->on_has(now, source, std::move(*has));
        }
    }
    if (!have.chunks.empty()) {
        download_->on_gained(now, source, have.chunks);
    }
    pump();
}

void FileTransfer::on_refused(swarm::SourceId source, wire::Refused const& refused) {
    auto const* const way = way_of(source);
    if (!*over_ && way != nullptr && way->transfer == refused.transfer) {
        if (refused.code == wire::ErrorCode::unreachable) {
            services_.log(telemetry::unreachable_here(
                target_.name, way->about.link->endpoint().to_string(), refused.reason));
        }
        download_->on_refused(services_.reactor.now(), source, refused.code,
                              wire::escape(refused.reason));
        pump();
    }
}

void FileTransfer::probe(swarm::SourceId source) {
    auto const* const way = way_of(source);
    if (way == nullptr) {
        return;
    }
    way->about.link->probe(
        probe_patience, [self = weak_from_this(), source](Result<net::Link::Vitals> const& vitals) {
            auto const alive = self.lock();
            // No answer needs no word: the core counts the silence.
            if (alive && !*alive->over_ && vitals) {
                alive->download_->on_pong(alive->services_.reactor.now(), source, vitals->load,
                                          vitals->latency_ms);
            }
        });
}

/// It was in use, and not given up because all is here.
void FileTransfer::tell_loss(swarm::SourceId source) {
    auto const* const way = way_of(source);
    auto const* const known = download_->find(source);
    if (way != nullptr && way->transfer && known != nullptr && !known->why.empty()) {
        services_.log(telemetry::source_lost(target_.name, known->about.endpoint, known->why));
    }
}

void FileTransfer::drop(swarm::SourceId source) {
    auto* const way = way_of(source);
    if (way != nullptr && way->transfer) {
        services_.routes.erase(*way->transfer);
        services_.on_routes(0);
        way->about.link->close(*way->transfer, way->corrupt);
        way->transfer.reset();
    }
}

bool FileTransfer::on_chunk(swarm::SourceId source, wire::ChunkHeader const& header,
                            bus::Payload payload) {
    auto const verdict = download_->on_chunk(services_.reactor.now(), source, header.chunk,
                                             header.offset, payload.bytes.size());
    services_.counters.bytes_received += payload.bytes.size();
    if (verdict != swarm::Download::Verdict::take) {
        auto& counters = services_.counters;
        ++(verdict == swarm::Download::Verdict::lie ? counters.chunks_rejected
                                                    : counters.chunks_unsolicited);
        pump();
        return false;
    }
    on_store_thread(
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
    auto const now = services_.reactor.now();
    if (!written.stored) {
        return end(written.stored.error());
    }
    if (*written.stored == storage::PartFile::Stored::corrupt) {
        ++services_.counters.chunks_rejected;
        auto const* const known = download_->find(source);
        services_.log(telemetry::source_lied(
            target_.name, known != nullptr ? known->about.endpoint : "a source that is gone",
            "it sent corrupt data"));
        if (auto* const way = way_of(source)) {
            way->corrupt = true;
        }
        download_->on_corrupt(now, source, chunk);
        return pump();
    }
    auto const bytes = target_.manifest->layout().length(chunk);
    bytes_fetched_ += bytes;
    rate_.add(now, bytes);
    has_.insert(chunk);
    offering_->on_stored(chunk);
    tell_soon(chunk);
    download_->on_stored(now, source, chunk);
    if (written.finished) {
        finished_ = written.finished;
    } else if (*written.stored == storage::PartFile::Stored::last) {
        commit();
    }
    // The word of the thread that stored the last chunk may overtake another's.
    if (finished_ && has_.complete()) {
        return finished_->ok() ? succeed(**finished_) : end(finished_->error());
    }
    pump();
}

void FileTransfer::commit() {
    auto& reactor = services_.reactor;
    services_.committer.submit(
        part_, [self = shared_from_this(), &reactor](Result<swarm::IndexedFile> file) mutable {
            // Moved: the last hold on the transfer is let go of on the reactor's thread.
            reactor.post([self = std::move(self), file = std::move(file)] {
                if (!*self->over_) {
                    self->on_finished(file);
                }
            });
        });
}

void FileTransfer::on_finished(Result<swarm::IndexedFile> const& file) {
    finished_ = file;
    if (has_.complete()) {
        file ? succeed(*file) : end(file.error());
    }
}

// ---- the end ----

/// Everything was on disk already.
void FileTransfer::finish() {
    if (part_->commits()) {
        return commit();
    }
    on_store_thread([part = part_] { return part->finish(); },
                    [this](Result<swarm::IndexedFile> const& finished) { on_finished(finished); });
}

void FileTransfer::succeed(swarm::IndexedFile file) {
    services_.on_fetched(file);
    offering_->on_complete(file);
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
    offering_.reset();
    if (auto const found = services_.fetching.find(target_.content);
        found != services_.fetching.end() && found->second == this) {
        services_.fetching.erase(found);
    }
    for (auto* const timer : {&timer_, &tell_timer_}) {
        if (*timer) {
            services_.reactor.cancel(**timer);
            timer->reset();
        }
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
        auto const progress = download_->progress(services_.reactor.now());
        report.bytes_resumed = progress.bytes_resumed;
        report.bytes_duplicate = progress.bytes_duplicate;
        report.chunks_rejected = progress.chunks_rejected;
        report.chunks_surplus = progress.chunks_surplus;
        report.changed = progress.changed;
        report.seconds_waited = std::chrono::duration<double>(progress.waited).count();
        report.sources = source_status();
        services_.counters.bytes_duplicate += progress.bytes_duplicate;
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

}  // namespace xfsbus::peer::jobs
