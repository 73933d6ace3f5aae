#include "jobs/bundle_transfer.hpp"

#include <xfsbus/policies/host/errors.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <span>
#include <utility>

namespace xfsbus::peer::jobs {
namespace {

/// A bundle of one is no better than a transfer.
constexpr std::size_t files_least = 2;

}  // namespace

/// Store thread, one job at a time.
class BundleTransfer::Files {
  public:
    Files(std::vector<storage::PartFile::Target> const& targets,
          std::shared_ptr<std::atomic<bool>> over)
        : over_(std::move(over)) {
        for (auto const& target : targets) {
            parts_.emplace_back(target);
            sizes_.push_back(target.manifest->file_bytes);
        }
    }

    std::vector<Look> look() {
        std::vector<Look> looks;
        looks.reserve(parts_.size());
        for (auto& part : parts_) {
            looks.push_back(look_at(part));
        }
        return looks;
    }

    /// `bytes`: of these files, one behind the other.
    std::vector<Written> write(std::vector<std::size_t> const& missing,
                               std::span<std::byte const> bytes) {
        std::vector<Written> written;
        written.reserve(missing.size());
        for (auto const index : missing) {
            written.push_back(write(parts_[index], bytes.first(sizes_[index])));
            bytes = bytes.subspan(sizes_[index]);
        }
        return written;
    }

  private:
    Look look_at(storage::PartFile& part) {
        try {
            auto const stop = [this] { return over_->load(); };
            auto const present = part.look(stop);
            if (present && *present == storage::PartFile::Present::same) {
                return Look::present;
            }
            bool const free = present && *present == storage::PartFile::Present::nothing;
            return free && part.open(stop) ? Look::missing : Look::other;
        } catch (policies::PolicyFault const&) {
            return Look::other;
        }
    }

    Written write(storage::PartFile& part, std::span<std::byte const> bytes) const {
        try {
            auto const stored = over_->load() ? Error{Errc::interrupted, ""} : part.store(0, bytes);
            if (!stored || *stored != storage::PartFile::Stored::last) {
                return {stored && *stored == storage::PartFile::Stored::corrupt, std::nullopt};
            }
            auto file = part.finish();
            return {false, file ? std::optional(std::move(*file)) : std::nullopt};
        } catch (policies::PolicyFault const&) {
            return {};
        }
    }

    std::deque<storage::PartFile> parts_;
    std::vector<std::uint64_t> sizes_;
    std::shared_ptr<std::atomic<bool>> over_;
};

BundleTransfer::BundleTransfer(TransferParts const& parts, Wanted wanted, OnDone on_done)
    : parts_(parts),
      targets_(std::move(wanted.targets)),
      candidates_(std::move(wanted.candidates)),
      sources_most_(wanted.sources_most),
      policy_(std::move(wanted.policy)),
      on_done_(std::move(on_done)),
      random_(policy_->seed_for(targets_.front().content)) {
    ended_.files.resize(targets_.size());
}

BundleTransfer::~BundleTransfer() = default;

// ---- before the chunk ----

void BundleTransfer::start() {
    started_ = parts_.scheduler.now();
    std::uint64_t bytes = 0;
    for (auto const& target : targets_) {
        bytes += target.manifest->file_bytes;
    }
    files_ = std::make_shared<Files>(targets_, over_);
    parts_.store.submit(bytes, [self = shared_from_this(), files = files_] {
        return [self, looks = files->look()] {
            if (!*self->over_) {
                self->on_looked(looks);
            }
        };
    });
}

void BundleTransfer::on_looked(std::vector<Look> const& looks) {
    for (std::size_t i = 0; i < looks.size(); ++i) {
        if (looks[i] == Look::missing) {
            missing_.push_back(i);
            bytes_ += targets_[i].manifest->file_bytes;
        } else if (looks[i] == Look::present) {
            ended_.files[i] = report_of(targets_[i]);
            ended_.files[i]->present = true;
        }
    }
    auto const data_port = parts_.reception.chunks.port();
    if (missing_.size() < files_least || !data_port) {
        return end();
    }
    begin(*data_port);
}

void BundleTransfer::begin(std::uint16_t data_port) {
    auto const layout = wire::layout_of(bytes_, static_cast<std::uint32_t>(bytes_));
    swarm::SinkSession::Options options;
    options.limits.sources_most = sources_most_;
    options.data_port = data_port;
    options.bundle = missing_contents();
    content_.emplace(options.bundle.front(), layout, swarm::ChunkSet(layout.chunks));
    order_ = parts_.policies.new_order().slot;  // with one chunk there is nothing to be asked
    transfer_ = ++parts_.policies.files_begun;
    tell_trace(layout);
    runner_ = std::make_shared<SessionRunner>(
        parts_,
        SessionRunner::Subject{targets_[missing_.front()].name,
                               *content_,
                               std::move(options),
                               {*policy_, *order_, transfer_, &parts_.policies.source_history},
                               random_.rng()},
        static_cast<SessionRunner::Owner&>(*this));
    for (auto& candidate : std::exchange(candidates_, {})) {
        runner_->add(std::move(candidate));
    }
    runner_->session().start(parts_.scheduler.now(), 0);
    runner_->pump();
}

std::vector<wire::ContentId> BundleTransfer::missing_contents() const {
    std::vector<wire::ContentId> contents;
    contents.reserve(missing_.size());
    for (auto const index : missing_) {
        contents.push_back(targets_[index].content);
    }
    return contents;
}

void BundleTransfer::tell_trace(wire::FileLayout const& layout) const {
    if (parts_.policies.trace == nullptr) {
        return;
    }
    auto const& first = targets_[missing_.front()];
    telemetry::TransferBegun begun{.transfer = transfer_,
                                   .name = first.name,
                                   .content = wire::to_hex(first.content),
                                   .bytes = layout.bytes,
                                   .chunk_bytes = layout.chunk_bytes,
                                   .chunks = layout.chunks};
    for (auto const index : std::span(missing_).subspan(1)) {
        begun.others.push_back(targets_[index].name);
    }
    parts_.policies.trace->on_transfer(std::move(begun));
}

/// The policy is told of the chunk as a whole: which of its files that means the trace says.
void BundleTransfer::tell_damaged(std::vector<Written> const& written) const {
    if (parts_.policies.trace == nullptr) {
        return;
    }
    telemetry::FilesDamaged files{.transfer = transfer_, .damaged = {}, .stored = {}};
    for (std::size_t i = 0; i < written.size(); ++i) {
        auto const& target = targets_[missing_[i]];
        if (written[i].corrupt) {
            files.damaged.push_back(target.name);
        } else if (written[i].file) {
            files.stored.push_back(target.name);
            files.stored_bytes += target.manifest->file_bytes;
        }
    }
    parts_.policies.trace->on_damaged(std::move(files));
}

// ---- what the session wants done ----

void BundleTransfer::announce(std::uint32_t /*ppm*/) {
    // Nobody else fetches this bundle.
}

std::optional<Error> BundleTransfer::fault() const {
    auto const& fault = policy_->fault();
    return fault ? std::optional(Error{Errc::plugin, *fault}) : std::nullopt;
}

void BundleTransfer::on_failed(Error const& /*error*/) {
    end();
}

/// One that is busy is waited for. Else there may be others that have one of the files, and not
/// all.
void BundleTransfer::search() {
    auto const sources = runner_->source_status();
    if (std::ranges::find(sources, SourceState::busy, &SourceStatus::state) == sources.end()) {
        return end();
    }
    parts_.scheduler.post([weak = weak_from_this()] {
        if (auto const self = weak.lock(); self && !*self->over_) {
            self->runner_->on_search_done();
        }
    });
}

// ---- the chunk ----

void BundleTransfer::on_chunk(swarm::SourceId source, std::uint32_t /*chunk*/,
                              bus::Payload payload) {
    auto const bytes = payload.bytes.size();
    parts_.store.submit(bytes,
                        [self = shared_from_this(), files = std::exchange(files_, nullptr),
                         missing = missing_, source, payload = std::move(payload)]() mutable {
                            auto written = files->write(missing, payload.bytes);
                            files.reset();
                            payload = {};
                            return [self = std::move(self), source, written = std::move(written)] {
                                if (!*self->over_) {
                                    self->on_written(source, written);
                                }
                            };
                        });
}

void BundleTransfer::on_written(swarm::SourceId source, std::vector<Written> const& written) {
    bool const lied = std::ranges::any_of(written, &Written::corrupt);
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < written.size(); ++i) {
        auto const& target = targets_[missing_[i]];
        if (written[i].file) {
            parts_.offers.on_fetched(*written[i].file);
            bytes += target.manifest->file_bytes;
        }
    }
    if (lied) {
        tell_damaged(written);
    }
    using Check = swarm::Download::Check;
    runner_->on_checked(source, 0, lied ? Check::corrupt : Check::stored, bytes);
    SourceStatus from;
    from.endpoint = runner_->endpoint_of(source);
    from.state = SourceState::active;
    from.words = "active";
    for (std::size_t i = 0; i < written.size(); ++i) {
        if (written[i].file) {
            auto const& target = targets_[missing_[i]];
            auto& report = ended_.files[missing_[i]].emplace(report_of(target));
            report.bytes_fetched = target.manifest->file_bytes;
            from.bytes = report.bytes_fetched;
            report.sources = {from};
        }
    }
    end();
}

// ---- the end ----

void BundleTransfer::cancel() {
    if (*over_) {
        return;
    }
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        if (!ended_.files[i]) {
            ended_.files[i] = report_of(targets_[i]);
            ended_.files[i]->error = cancelled();
        }
    }
    end();
}

void BundleTransfer::end() {
    auto const self = shared_from_this();  // the owner may let go of us
    *over_ = true;
    if (runner_) {
        for (auto& source : runner_->source_status()) {
            if (source.state == SourceState::lost || source.state == SourceState::out) {
                ended_.failed.push_back(std::move(source.endpoint));
            }
        }
        runner_->end();
    }
    candidates_.clear();
    files_.reset();
    on_done_(std::move(ended_));
}

DownloadedFile BundleTransfer::report_of(storage::PartFile::Target const& target) const {
    DownloadedFile report;
    report.name = target.name;
    report.content = wire::to_hex(target.content);
    report.size = target.manifest->file_bytes;
    report.seconds = std::chrono::duration<double>(parts_.scheduler.now() - started_).count();
    return report;
}

std::vector<SourceStatus> BundleTransfer::source_status() const {
    return runner_ ? runner_->source_status() : std::vector<SourceStatus>();
}

std::size_t BundleTransfer::sources_active() const {
    return runner_ ? runner_->session().download().progress(parts_.scheduler.now()).sources_active
                   : 0;
}

}  // namespace xfsbus::peer::jobs
