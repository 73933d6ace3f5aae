#include <xfsbus/bus/held_signals.hpp>
#include <xfsbus/tracker/running_tracker.hpp>

#include <exception>
#include <string>
#include <utility>

namespace xfsbus::tracker {

Result<std::unique_ptr<RunningTracker>> RunningTracker::start(Tracker::Options options,
                                                              OnFailed on_failed) {
    bus::HeldSignals const for_all_threads;
    auto tracker = Tracker::start(std::move(options));
    if (!tracker) {
        return tracker.error();
    }
    return std::unique_ptr<RunningTracker>(
        new RunningTracker(std::move(*tracker), std::move(on_failed)));
}

RunningTracker::RunningTracker(std::unique_ptr<Tracker> tracker, OnFailed on_failed)
    : tracker_(std::move(tracker)), on_failed_(std::move(on_failed)), thread_([this] { work(); }) {}

void RunningTracker::work() {
    auto const fail = [this](std::string const& why) {
        if (on_failed_) {
            on_failed_({Errc::failed, "the tracker cannot go on: " + why});
        }
    };
    try {
        tracker_->run();
    } catch (std::exception const& error) {
        fail(error.what());
    } catch (...) {
        fail("an unknown fault");
    }
}

RunningTracker::~RunningTracker() {
    tracker_->stop();
    thread_.join();
}

}  // namespace xfsbus::tracker
