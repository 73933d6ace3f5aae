#pragma once

#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/endpoint.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace xfsbus::bench {

/// The DEALER's end of one connection to a tracker, in ZMTP 3.0 as it stands on the wire: a
/// descriptor and two buffers, so that one thread can play ten thousand peers. Blocks nowhere but
/// in the constructor. One thread.
class Zmtp {
  public:
    using OnMessage = std::function<void(wire::Envelope&&)>;

    /// Connects from this address of this machine, says what a DEALER says first. Throws
    /// std::system_error.
    Zmtp(wire::Endpoint const& tracker, std::string const& from);
    ~Zmtp();
    Zmtp(Zmtp const&) = delete;
    Zmtp& operator=(Zmtp const&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

    /// Kept until flush().
    void send(wire::Message const& message, std::uint64_t request = 0);
    /// Writes what the kernel takes. Throws std::system_error if the connection has ended.
    void flush();

    /// Takes in what has come, and tells of each message. False: the connection has ended.
    bool read(OnMessage const& on_message);

  private:
    /// Takes one frame off the input; false: it is not complete yet.
    bool take_frame(OnMessage const& on_message);

    int fd_ = -1;
    bool greeted_ = false;
    bool ready_ = false;  ///< the tracker has said READY: not before that it takes messages
    std::string out_;
    std::string held_;  ///< until then
    std::string in_;
    std::size_t used_ = 0;  ///< of in_
    std::string header_;    ///< the first frame of a message that has not ended
};

}  // namespace xfsbus::bench
