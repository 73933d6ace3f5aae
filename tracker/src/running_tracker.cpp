#include <xfsbus/bus/held_signals.hpp>
#include <xfsbus/tracker/running_tracker.hpp>
#include <xfsbus/tracker/tracker.hpp>
#include <xfsbus/wire/name.hpp>

#include <exception>
#include <thread>
#include <utility>

namespace xfsbus::tracker {
namespace {

Tracker::Options options_of(TrackerOptions const& options) {
    Tracker::Options all;
    all.bind = {options.host, options.port};
    all.peer_ttl = options.peer_ttl;
    all.log = options.log;
    all.limits.bytes = options.memory_bytes;
    all.limits.bytes_per_host = options.memory_bytes / 2;
    all.foreign_hosts = options.foreign_hosts;
    all.handout = options.handout;
    return all;
}

}  // namespace

/// The tracker and its thread.
class RunningTracker::Running {
  public:
    Running(std::unique_ptr<Tracker> tracker, OnFailed on_failed)
        : tracker_(std::move(tracker)),
          on_failed_(std::move(on_failed)),
          thread_([this] { work(); }) {}

    ~Running() {
        tracker_->stop();
        thread_.join();
    }

    Running(Running const&) = delete;
    Running& operator=(Running const&) = delete;

    [[nodiscard]] Tracker& tracker() const { return *tracker_; }

  private:
    void work() {
        try {
            tracker_->run();
        } catch (std::exception const& error) {
            fail(error.what());
        } catch (...) {
            fail("an unknown fault");
        }
    }

    void fail(std::string const& why) const {
        if (on_failed_) {
            on_failed_({Errc::failed, "the tracker cannot go on: " + why});
        }
    }

    std::unique_ptr<Tracker> tracker_;
    OnFailed on_failed_;
    std::thread thread_;
};

Result<std::unique_ptr<RunningTracker>> RunningTracker::start(TrackerOptions const& options,
                                                              OnFailed on_failed) {
    if (!wire::numeric_host(options.host)) {
        return Error{Errc::usage, "'" + wire::escape(options.host) +
                                      "' is no address where a tracker can listen: give it in "
                                      "numbers"};
    }
    bus::HeldSignals const for_all_threads;
    auto tracker = Tracker::start(options_of(options));
    if (!tracker) {
        return tracker.error();
    }
    return std::unique_ptr<RunningTracker>(
        new RunningTracker(std::make_unique<Running>(std::move(*tracker), std::move(on_failed))));
}

RunningTracker::RunningTracker(std::unique_ptr<Running> running) : running_(std::move(running)) {}

RunningTracker::~RunningTracker() = default;

std::string RunningTracker::endpoint() const {
    return running_->tracker().endpoint().to_zmq();
}

std::vector<CounterValue> RunningTracker::counters() const {
    return running_->tracker().stats().list();
}

void RunningTracker::set_handout(std::shared_ptr<policies::Handout> handout) {
    running_->tracker().set_handout(std::move(handout));
}

}  // namespace xfsbus::tracker
