#pragma once

#include <xfsbus/files/fd.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace xfsbus::lab::live {

/// How a program is started.
struct Start {
    std::filesystem::path file{};
    std::vector<std::string> arguments{};
    std::filesystem::path directory{};  ///< in which it runs; empty: that of this process
    std::filesystem::path log{};        ///< where its stderr goes; empty: with its stdout
    int network = -1;  ///< the network namespace to be in, as a descriptor; -1: ours
};

/// A program under way: it reads commands, and what it writes is read here. It is killed when this
/// object goes, and when this process ends in whatever way. It is in a process group of its own, so
/// that Ctrl-C reaches it through us alone. For the thread that has made it.
class Program {
  public:
    /// Throws std::system_error if there are no processes or descriptors left. That the file cannot
    /// be run shows in its exit code, 127.
    explicit Program(Start const& start);
    ~Program();
    Program(Program const&) = delete;
    Program& operator=(Program const&) = delete;

    /// Readable when it has something to say, or has ended. -1: read() has seen the end.
    [[nodiscard]] int descriptor() const { return out_.get(); }

    /// What it has written, which may be nothing; nullopt: it has ended, or closed its stdout.
    std::optional<std::string> read();

    /// A line for it to read. What it does not take any more is its own affair: its end shows.
    void say(std::string_view line);
    void close_input();

    void signal(int number) const;

    /// Its exit code; of one that a signal has ended -SIGNAL. Waits for its end.
    int wait();

  private:
    pid_t pid_ = -1;
    files::Fd in_;
    files::Fd out_;
};

}  // namespace xfsbus::lab::live
