#include "run/processes.hpp"

#include "run/child.hpp"

#include <xfsbus/program/signals.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace xfsbus::lab::run {
namespace {

using Clock = Child::Clock;
constexpr auto tell_every = std::chrono::milliseconds(200);

/// The signals that end a program, as a descriptor.
class Signals {
  public:
    Signals() {
        program::hold_signals();
        sigset_t set;
        sigemptyset(&set);
        for (int const signal : {SIGINT, SIGTERM, SIGHUP}) {
            sigaddset(&set, signal);
        }
        descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (descriptor_ < 0) {
            throw std::system_error(errno, std::generic_category(), "signalfd");
        }
    }

    ~Signals() { ::close(descriptor_); }

    Signals(Signals const&) = delete;
    Signals& operator=(Signals const&) = delete;

    [[nodiscard]] int descriptor() const { return descriptor_; }

    /// The signal that has come; 0: none.
    [[nodiscard]] int take() const {
        signalfd_siginfo info{};
        return ::read(descriptor_, &info, sizeof info) == sizeof info
                   ? static_cast<int>(info.ssi_signo)
                   : 0;
    }

  private:
    int descriptor_ = -1;
};

class Pool {
  public:
    Pool(std::vector<Job> const& jobs, Limits const& limits,
         std::function<results::Run(Job const&)> const& work,
         std::function<void(Progress const&)> const& tell)
        : jobs_(jobs), limits_(limits), work_(work), tell_(tell) {}

    Ended run() {
        while (ended_.signal == 0 && (begun_ < jobs_.size() || !children_.empty())) {
            fill();
            wait();
            stop_late();
            tell();
        }
        return std::move(ended_);
    }

  private:
    void fill() {
        while (begun_ < jobs_.size() &&
               children_.size() < std::max<std::size_t>(limits_.at_once, 1)) {
            auto const& job = jobs_[begun_];
            try {
                children_.push_back(std::make_unique<Child>(job, limits_, work_));
            } catch (std::system_error const& error) {
                if (!children_.empty()) {
                    return;  // when one of them has ended there may be room again
                }
                results::Outcome outcome{
                    .policy = job.policy, .seed = job.seed, .what = {}, .timing = {}};
                outcome.what = std::string("cannot be begun: ") + error.what();
                add(std::move(outcome));
            }
            ++begun_;
        }
    }

    /// Until something happens, or somebody must be told or stopped.
    void wait() {
        std::vector<pollfd> waiting = {{signals_.descriptor(), POLLIN, 0}};
        for (auto const& child : children_) {
            waiting.push_back({child->descriptor(), POLLIN, 0});
        }
        ::poll(waiting.data(), waiting.size(), static_cast<int>(tell_every.count()));
        ended_.signal = signals_.take();
        std::vector<std::unique_ptr<Child>> left;
        for (std::size_t i = 0; i < children_.size(); ++i) {
            if (waiting[i + 1].revents == 0 || children_[i]->read()) {
                left.push_back(std::move(children_[i]));
            } else {
                take(*children_[i]);
            }
        }
        children_ = std::move(left);
    }

    void take(Child& child) { add(child.outcome()); }

    void add(results::Outcome outcome) {
        ended_.outcomes.push_back(std::move(outcome));
        failed_ += std::holds_alternative<std::string>(ended_.outcomes.back().what) ? 1 : 0;
    }

    /// Whatever still holds its pipe open is not waited for.
    void stop_late() {
        std::erase_if(children_, [this](auto const& child) {
            bool const late = Clock::now() >= child->deadline();
            if (late) {
                child->stop();
                take(*child);
            }
            return late;
        });
    }

    void tell() {
        auto const now = Clock::now();
        bool const last = begun_ == jobs_.size() && children_.empty();
        if (now - told_ >= tell_every || last) {
            told_ = now;
            tell_({ended_.outcomes.size(), failed_, children_.size(), jobs_.size(), now - begin_});
        }
    }

    std::vector<Job> const& jobs_;
    Limits limits_;
    std::function<results::Run(Job const&)> const& work_;
    std::function<void(Progress const&)> const& tell_;
    Signals signals_;
    std::size_t begun_ = 0;
    std::size_t failed_ = 0;
    Clock::time_point begin_ = Clock::now();
    Clock::time_point told_{};
    Ended ended_;
    std::vector<std::unique_ptr<Child>> children_;
};

}  // namespace

Ended run_all(std::vector<Job> const& jobs, Limits const& limits,
              std::function<results::Run(Job const&)> const& work,
              std::function<void(Progress const&)> const& tell) {
    return Pool(jobs, limits, work, tell).run();
}

}  // namespace xfsbus::lab::run
