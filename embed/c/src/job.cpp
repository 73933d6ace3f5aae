#include "guard.hpp"
#include "handles.hpp"
#include "views.hpp"

#include <xfsbus/peer/job.hpp>
#include <xfsbus/xfsbus.h>

#include <cstdint>
#include <optional>
#include <variant>

namespace {

using namespace xfsbus;
using namespace xfsbus::c;

Error const still_going_on{Errc::timeout, "the job goes on"};

peer::AnyJob const& any(xfsbus_job const& handle) {
    return std::visit([](auto const& job) -> peer::AnyJob const& { return job; }, handle.job);
}

/// The job, if it is of this kind. Throws Misuse if it is of another.
template <typename T>
peer::Job<T> const& job_of(xfsbus_job const* handle) {
    auto const* const job = std::get_if<peer::Job<T>>(&need(handle, "job").job);
    if (job == nullptr) {
        throw Misuse("the job is of another kind");
    }
    return *job;
}

/// Waits for what a job comes to, and hands it out.
template <typename T, typename View>
xfsbus_code outcome(xfsbus_job const* handle, std::int64_t timeout_ms, View const** to,
                    xfsbus_error* error) noexcept {
    return answered(error, to, [&]() -> Result<T> const& {
        static Result<T> const not_yet = still_going_on;
        auto const& job = job_of<T>(handle);
        return job.wait(wait_of(timeout_ms)) ? *job.result() : not_yet;
    });
}

}  // namespace

void xfsbus_job_free(xfsbus_job* job) {
    delete job;
}

uint64_t xfsbus_job_id(xfsbus_job const* job) {
    return job == nullptr ? 0 : static_cast<uint64_t>(any(*job).id());
}

int32_t xfsbus_job_done(xfsbus_job const* job) {
    return job != nullptr && any(*job).done() ? 1 : 0;
}

xfsbus_code xfsbus_job_wait(xfsbus_job const* job, int64_t timeout_ms, xfsbus_error* error) {
    return guarded(error, [&] {
        return any(need(job, "job")).wait(wait_of(timeout_ms)) ? std::nullopt
                                                               : std::optional(still_going_on);
    });
}

void xfsbus_job_cancel(xfsbus_job const* job) {
    if (job != nullptr) {
        // All that can go wrong is that there is no memory left to say so with: then it goes on.
        static_cast<void>(guarded(nullptr, [&]() -> std::optional<Error> {
            any(*job).cancel();
            return std::nullopt;
        }));
    }
}

xfsbus_code xfsbus_job_play(xfsbus_job const* job, uint64_t position, uint64_t bytes_per_second,
                            xfsbus_error* error) {
    return guarded(error, [&]() -> std::optional<Error> {
        job_of<peer::DownloadReport>(job).play(position, bytes_per_second);
        return std::nullopt;
    });
}

xfsbus_code xfsbus_job_found(xfsbus_job const* job, int64_t timeout_ms,
                             xfsbus_found_list const** found, xfsbus_error* error) {
    return outcome<std::vector<peer::FoundSource>>(job, timeout_ms, found, error);
}

xfsbus_code xfsbus_job_report(xfsbus_job const* job, int64_t timeout_ms,
                              xfsbus_report const** report, xfsbus_error* error) {
    return outcome<peer::DownloadReport>(job, timeout_ms, report, error);
}

xfsbus_code xfsbus_job_pushed(xfsbus_job const* job, int64_t timeout_ms,
                              xfsbus_pushed const** pushed, xfsbus_error* error) {
    return outcome<peer::PushResult>(job, timeout_ms, pushed, error);
}

xfsbus_code xfsbus_job_summary(xfsbus_job const* job, int64_t timeout_ms,
                               xfsbus_summary const** summary, xfsbus_error* error) {
    return outcome<peer::UpdateSummary>(job, timeout_ms, summary, error);
}

xfsbus_code xfsbus_job_policy(xfsbus_job const* job, int64_t timeout_ms,
                              xfsbus_policy_info const** info, xfsbus_error* error) {
    return outcome<peer::PolicyInfo>(job, timeout_ms, info, error);
}

xfsbus_code xfsbus_job_published(xfsbus_job const* job, int64_t timeout_ms,
                                 xfsbus_published const** published, xfsbus_error* error) {
    return outcome<peer::Published>(job, timeout_ms, published, error);
}

xfsbus_code xfsbus_job_listing(xfsbus_job const* job, int64_t timeout_ms,
                               xfsbus_listing const** listing, xfsbus_error* error) {
    return outcome<std::vector<peer::ListedFile>>(job, timeout_ms, listing, error);
}
