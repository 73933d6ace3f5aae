#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <sys/types.h>

namespace xfsbus::plugins {

/// A Python program that runs beside this one and answers calls, one line of JSON for each. It ends
/// with the last that holds it. Any thread; calls wait for one another.
class Interpreter {
  public:
    using Json = nlohmann::json;

    /// The one of this process for this command and file; begun if there is none. Throws
    /// std::runtime_error.
    static std::shared_ptr<Interpreter> of_process(std::string const& command,
                                                   std::string const& file);

    Interpreter(std::string const& command, std::string const& file);
    ~Interpreter();
    Interpreter(Interpreter const&) = delete;
    Interpreter& operator=(Interpreter const&) = delete;

    /// What it answers. Throws std::runtime_error with what Python said if that is an error; if it
    /// has ended; and if no answer comes in time: then it is ended.
    Json ask(Json const& call);

    /// Whether it may be asked: it lives, and was begun by this process and not by the one that
    /// this is a fork of.
    [[nodiscard]] bool usable() const;

  private:
    void send(std::string const& text) const;
    [[nodiscard]] std::string receive();
    void end();
    [[noreturn]] void fail(std::string const& why);

    mutable std::mutex mutex_;
    std::string command_;
    int socket_ = -1;
    pid_t child_ = -1;
    pid_t owner_ = -1;
    std::string unread_;
};

}  // namespace xfsbus::plugins
