#pragma once

#include <xfsbus/files/fd.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <stop_token>
#include <string_view>

namespace xfsbus::door {

/// The connection to somebody who is answered. One thread.
class Client {
  public:
    /// One that takes less than `least_bytes` in `slow` is gone.
    struct Patience {
        std::chrono::milliseconds slow;
        std::size_t least_bytes;
    };

    /// Takes a socket that does not block.
    Client(files::Fd socket, Patience patience, std::stop_token stop);

    /// Sends everything. False: it is gone, or is not waited for any longer.
    bool send(std::span<std::byte const> bytes);
    bool send(std::string_view text);

    /// Where others send: what it takes is to be told.
    [[nodiscard]] int socket() const { return socket_.get(); }

    /// It has taken so much; 0: waits until it has room. False: as of send().
    bool took(std::size_t bytes);

    /// It has closed its end, or its connection is broken.
    [[nodiscard]] bool is_gone() const;
    /// It has had less than it was promised: the connection is broken off, so that it sees that.
    void cut();
    /// It has had everything.
    void finish();

  private:
    [[nodiscard]] bool wait_for_room();

    files::Fd socket_;
    Patience patience_;
    std::stop_token stop_;
    std::chrono::steady_clock::duration waited_{};  ///< for it, since it has taken enough
    std::size_t taken_ = 0;                         ///< the same
};

/// Sends what fits at once, and closes: for those who cannot be waited for.
void send_and_close(files::Fd socket, std::string_view text);

}  // namespace xfsbus::door
