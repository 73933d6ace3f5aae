#include "jobs.hpp"

#include "answers.hpp"
#include "json_events.hpp"
#include "outcome.hpp"
#include "progress_lines.hpp"

#include <xfsbus/program/run.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace xfsbus::console {
namespace {

/// How often a job that runs is drawn on a terminal, and how often a push is told of in JSON.
constexpr auto redraw_every = std::chrono::milliseconds(100);
constexpr auto push_event_every = std::chrono::seconds(1);

bool is_push(Started const& started) {
    return std::holds_alternative<peer::PushJob>(started.job);
}

std::string_view verb_of(Started const& started) {
    return is_push(started) ? "push" : "download";
}

}  // namespace

// ---- what users ask for ----

int Jobs::run(Started started, std::stop_token const& stop) {
    auto& job = add(std::move(started), 0);
    auto const id = handle_of(job).id();
    watched_ = id;
    while (jobs_.contains(id)) {
        if (!await(job.cancelled ? std::stop_token() : stop)) {
            cancel(job);
        }
    }
    watched_.reset();
    return code_in_front_;
}

void Jobs::begin(Started started) {
    ++running_;
    auto const& job = add(std::move(started), ++last_number_);
    print_jobs(printer_, {row_of(job, "running")});
}

Result<std::vector<peer::ListedFile>> Jobs::follow(peer::SubscribeJob const& subscription,
                                                   OnChange const& on_change,
                                                   std::stop_token const& stop) {
    auto const tell = [&](auto const& change, auto const& to, bool cancelled) {
        change.job == subscription.id() && !cancelled ? to(change) : void();
    };
    bool cancelled = false;
    bool over = false;
    while (!over) {
        auto const event = events_.wait(cancelled ? std::stop_token() : stop);
        if (!event && stop.stop_requested() && !cancelled) {
            cancelled = true;
            subscription.cancel();
        } else if (!event) {
            break;  // the peer is no more
        } else if (auto const* change = std::get_if<peer::ListingChanged>(&*event)) {
            tell(*change, on_change.of_file, cancelled);
        } else if (auto const* peer = std::get_if<peer::PeerChanged>(&*event)) {
            tell(*peer, on_change.of_peer, cancelled);
        } else {
            auto const* done = std::get_if<peer::JobDone>(&*event);
            over = done != nullptr && done->job == subscription.id();
            on_event(*event);
        }
    }
    return *subscription.result();
}

void Jobs::list() {
    look();
    std::vector<JobRow> rows;
    for (auto const& [id, job] : jobs_) {
        rows.push_back(row_of(job, job.cancelled ? "cancelled" : "running"));
    }
    print_jobs(printer_, rows);
}

std::optional<int> Jobs::wait(std::optional<unsigned> number, std::stop_token const& stop) {
    if (number && numbered(*number) == nullptr && !codes_.contains(*number)) {
        return std::nullopt;
    }
    if (number && numbered(*number) != nullptr) {
        watched_ = handle_of(*numbered(*number)).id();
    }
    while (number ? numbered(*number) != nullptr : !jobs_.empty()) {
        if (!await(stop)) {
            area_.clear();
            watched_.reset();
            return code_of_sigint;
        }
    }
    watched_.reset();
    if (number) {
        return codes_.take(*number);
    }
    return codes_.take_all();
}

bool Jobs::cancel(unsigned number) {
    auto* const job = numbered(number);
    if (job == nullptr) {
        return false;
    }
    cancel(*job);
    while (numbered(number) != nullptr) {
        await({});
    }
    return true;
}

void Jobs::cancel_all() {
    for (auto& [id, job] : jobs_) {
        cancel(job);
    }
    while (!jobs_.empty()) {
        await({});
    }
}

void Jobs::look() {
    while (auto const event = events_.next()) {
        on_event(*event);
    }
}

// ---- one of them ----

Printer Jobs::printer_of(Job const& job) const {
    return job.number == 0 ? printer_ : printer_.of_job(job.number);
}

peer::AnyJob const& Jobs::handle_of(Job const& job) {
    return std::visit([](auto const& handle) -> peer::AnyJob const& { return handle; },
                      job.started.job);
}

JobRow Jobs::row_of(Job const& job, std::string_view state) const {
    JobRow row{job.number, state, job.started.command, 0, 0, 0};
    if (auto const* download = std::get_if<peer::DownloadProgress>(&job.progress)) {
        row.bytes_done = download->bytes_done;
        row.bytes_total = download->bytes_total;
        row.bytes_per_second = download->bytes_per_second;
        return row;
    }
    auto const& file = std::get<peer::PushProgress>(job.progress).file;
    row.bytes_total = file.size * file.targets.size();
    for (auto const& target : file.targets) {
        row.bytes_done += target.bytes;
    }
    return row;
}

Jobs::Job* Jobs::numbered(unsigned number) {
    auto const found = std::ranges::find_if(
        jobs_, [&](auto const& entry) { return entry.second.number == number; });
    return found == jobs_.end() ? nullptr : &found->second;
}

Jobs::Job& Jobs::add(Started started, unsigned number) {
    bool const counted = options_.json && is_push(started);
    Job job{.started = std::move(started),
            .number = number,
            .pace = Pace(counted ? push_event_every : redraw_every)};
    if (is_push(job.started)) {
        job.progress = peer::PushProgress();
    }
    auto const id = handle_of(job).id();
    return jobs_.emplace(id, std::move(job)).first->second;
}

void Jobs::cancel(Job& job) {
    job.cancelled = true;
    handle_of(job).cancel();
}

// ---- what happens ----

/// False if stopped.
bool Jobs::await(std::stop_token const& stop) {
    if (auto const event = events_.wait(stop)) {
        on_event(*event);
        return true;
    }
    if (stop.stop_requested()) {
        return false;
    }
    settle();
    return true;
}

/// The peer cannot go on, and there are no events any more: all jobs have ended.
void Jobs::settle() {
    for (auto const& [id, job] : std::exchange(jobs_, {})) {
        std::visit([&, &ended = job](auto const& handle) { on_done(ended, *handle.result()); },
                   job.started.job);
    }
}

void Jobs::on_event(peer::Event const& event) {
    auto const job_of = [this](auto const& it) {
        auto const found = jobs_.find(it.job);
        return found == jobs_.end() ? nullptr : &found->second;
    };
    if (auto const* download = std::get_if<peer::DownloadProgressed>(&event)) {
        if (auto* const job = job_of(*download)) {
            job->progress = download->progress;
            on_progress(*job);
        }
    } else if (auto const* push = std::get_if<peer::PushProgressed>(&event)) {
        if (auto* const job = job_of(*push)) {
            job->progress = push->progress;
            on_progress(*job);
        }
    } else if (auto const* over = std::get_if<peer::JobDone>(&event)) {
        if (auto* const job = job_of(*over)) {
            on_done(*job, *over->outcome);
            jobs_.erase(over->job);
        }
    }
}

void Jobs::on_progress(Job& job) {
    bool const paced = options_.json && !is_push(job.started);  // as often as it comes
    if (!paced && !job.pace.due(std::chrono::steady_clock::now())) {
        return;
    }
    if (!options_.json) {
        return draw(job);
    }
    auto const printer = printer_of(job);
    std::visit([&](auto const& progress) { print_progress(printer, progress); }, job.progress);
    // Who reads what a command says is gone, or has no room: what it does is for nobody.
    if (!printer_.good() && !job.cancelled) {
        cancel(job);
    }
}

void Jobs::draw(Job& job) {
    if (!options_.show_progress || watched_ != handle_of(job).id()) {
        return;
    }
    auto const size = terminal_size();
    if (auto const* download = std::get_if<peer::DownloadProgress>(&job.progress)) {
        return area_.draw(progress_lines(*download, size));
    }
    auto const& push = std::get<peer::PushProgress>(job.progress);
    area_.draw(job.view.lines(push, size, std::chrono::steady_clock::now()));
}

void Jobs::on_done(Job const& job, peer::JobOutcome const& outcome) {
    area_.clear();
    auto const* const download = std::get_if<Result<peer::DownloadReport>>(&outcome);
    auto const* const push = std::get_if<Result<peer::PushResult>>(&outcome);
    if (job.number != 0) {
        print_jobs(printer_, {row_of(job, job.cancelled ? "cancelled" : "over")});
    }
    int const code = download != nullptr ? tell(job, *download) : tell(job, *push);
    if (job.number == 0) {
        code_in_front_ = code;
        return;
    }
    codes_.add(job.number, code);
    --running_;
}

int Jobs::tell(Job const& job, Result<peer::DownloadReport> const& report) const {
    if (!report) {
        return fail(job, report.error());
    }
    print_downloaded(printer_of(job), *report);
    return code_of(*report);
}

/// Ctrl-C is told by its own code.
int Jobs::tell(Job const& job, Result<peer::PushResult> const& result) const {
    if (!result) {
        int const code = fail(job, result.error());
        return job.cancelled ? code_of_sigint : code;
    }
    auto const& request = job.started.push;
    print_pushed(printer_of(job), *result, request);
    if (unfinished(*result) || (job.cancelled && !result->settled)) {
        fail(job, {Errc::interrupted, "interrupted; the peers that were asked go on"});
        return code_of_sigint;
    }
    auto const short_of = shortfall(*result, request);
    return short_of ? fail(job, {Errc::failed, *short_of}) : 0;
}

int Jobs::fail(Job const& job, Error const& error) const {
    printer_of(job).error(std::string(verb_of(job.started)), error);
    return program::exit_code(error.code);
}

}  // namespace xfsbus::console
