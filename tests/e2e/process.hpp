#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace xfsbus::test {

/// How long anything may take before a test gives up. Far more than is needed: builds with
/// sanitizers are slow, and tests run side by side.
inline constexpr auto patience = std::chrono::seconds(20);

/// A program that runs, with what it has written so far. Killed at the end of the scope.
class Process {
  public:
    struct Options {
        std::vector<std::string> arguments;
        std::vector<std::string> environment;   ///< NAME=VALUE
        std::filesystem::path home;             ///< caches and histories go below it
        std::filesystem::path directory{};      ///< to run in; empty: `home`
        bool terminal = false;                  ///< runs in a terminal of its own; all is output
        bool unheard = false;                   ///< stdout is a pipe whose reader is gone
        std::optional<unsigned> descriptors{};  ///< may be open at once; none: as in this process
    };

    /// What it has written until now.
    struct Output {
        std::string out;
        std::string err;
        bool closed = false;  ///< nothing more will come
    };

    Process(std::string program, Options options);
    ~Process();
    Process(Process const&) = delete;
    Process& operator=(Process const&) = delete;

    void type(std::string_view text);
    void close_input();
    void signal(int number) const;
    /// Takes its terminal away; false where that is not allowed.
    [[nodiscard]] bool hang_up() const;

    [[nodiscard]] pid_t pid() const { return pid_; }

    /// Waits until it has ended: its exit code, or minus the signal that killed it.
    int wait(std::chrono::milliseconds most = patience);

    [[nodiscard]] std::string out() const { return output().out; }

    [[nodiscard]] std::string err() const { return output().err; }

    [[nodiscard]] Output output() const;

    /// Waits until the condition holds for what it has written. Throws, with all of that, when the
    /// time is over or the program ends first.
    void wait_until(std::string const& what, std::function<bool(Output const&)> const& holds,
                    std::chrono::milliseconds most = patience);
    void wait_for_out(std::string const& text);
    void wait_for_err(std::string const& text);

  private:
    void start(std::string const& program, Options const& options);
    void read_all(int out, int err);
    [[nodiscard]] std::runtime_error trouble(std::string const& what) const;

    std::string name_;
    pid_t pid_ = -1;
    int in_ = -1;
    std::optional<int> ended_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Output output_;  // guarded by mutex_
    std::thread reader_;
};

/// Waits until the condition, which asks the system or other programs, holds; throws if it does
/// not in time.
void eventually(std::string const& what, std::function<bool()> const& holds);

}  // namespace xfsbus::test
