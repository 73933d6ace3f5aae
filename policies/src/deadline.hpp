#pragma once

#include <xfsbus/policies/host/errors.hpp>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace xfsbus::policies {

/// How long it may take to load a plug-in, and to create and destroy an object as a trial; each.
inline constexpr auto load_patience = std::chrono::seconds(5);

/// What a call on another thread comes to. The thread lets go of what the call owns and of what was
/// thrown before it says that it is done: so what was last used there has ended when the answer is
/// here, and nobody frees an exception while another reads it.
template <class Answer>
class Outcome {
  public:
    /// On the thread that calls.
    template <class Call>
    void run(std::unique_ptr<Call> call) {
        std::optional<Answer> answer;
        std::exception_ptr error;
        try {
            answer = (*call)();
        } catch (...) {
            error = std::current_exception();
        }
        call.reset();
        std::scoped_lock const lock(mutex_);
        answer_ = std::move(answer);
        error_ = std::move(error);
        done_ = true;
        changed_.notify_one();
    }

    /// nullopt: not in time. Throws what the call did. Once.
    std::optional<Answer> wait(std::chrono::seconds patience) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, patience, [this] { return done_; })) {
            return std::nullopt;
        }
        if (auto const error = std::exchange(error_, nullptr)) {
            std::rethrow_exception(error);
        }
        return std::exchange(answer_, std::nullopt);
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
    std::optional<Answer> answer_;
    std::exception_ptr error_;
};

/// Runs what enters a plug-in's code for the first time on a thread of its own, and waits for it
/// no longer than load_patience: then it throws PluginRefused, and the thread is left to itself,
/// since nothing can stop it. called: the plug-in, in errors. `call` has to own what it uses. What
/// it throws is thrown here.
template <class Call>
auto in_time(std::string const& called, Call call) -> decltype(call()) {
    auto const outcome = std::make_shared<Outcome<decltype(call())>>();
    auto owned = std::make_unique<Call>(std::move(call));
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // the program's signals are for its threads
    try {
        std::thread([outcome, owned = std::move(owned)]() mutable {
            outcome->run(std::move(owned));
        }).detach();
    } catch (std::system_error const& e) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw PluginRefused(called, std::string("no thread can be made: ") + e.what(),
                            "see whether the limits on threads or memory are too low");
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    auto answer = outcome->wait(load_patience);
    if (!answer) {
        throw PluginRefused(called,
                            "it takes more than " + std::to_string(load_patience.count()) +
                                " s to load or to create an object",
                            "report it to the plug-in's author");
    }
    return std::move(*answer);
}

}  // namespace xfsbus::policies
