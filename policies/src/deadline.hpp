#pragma once

#include <xfsbus/policies/host/errors.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

namespace xfsbus::policies {

/// How long it may take to load a plug-in, and to create and destroy an object as a trial; each.
inline constexpr auto load_patience = std::chrono::seconds(5);

/// Runs what enters a plug-in's code for the first time on a thread of its own, and waits for it
/// no longer than load_patience: then it throws PluginRefused, and the thread is left to itself,
/// since nothing can stop it. `call` has to own what it uses. What it throws is thrown here.
template <class Call>
auto in_time(std::filesystem::path const& path, Call call) -> decltype(call()) {
    using Task = std::packaged_task<decltype(call())()>;
    auto const task = std::make_shared<Task>(std::move(call));
    auto answer = task->get_future();
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);  // the program's signals are for its threads
    try {
        std::thread([task] { (*task)(); }).detach();
    } catch (std::system_error const& e) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw PluginRefused(path.string(), std::string("no thread can be made: ") + e.what(),
                            "see whether the limits on threads or memory are too low");
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (answer.wait_for(load_patience) != std::future_status::ready) {
        throw PluginRefused(path.string(),
                            "it takes more than " + std::to_string(load_patience.count()) +
                                " s to load or to create an object",
                            "report it to the plug-in's author");
    }
    return answer.get();
}

}  // namespace xfsbus::policies
