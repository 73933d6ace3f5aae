#pragma once

#include <xfsbus/wire/endpoint.hpp>

#include <string>

namespace xfsbus::bus {

/// One attempt to connect by TCP that tells why there is no connection, which libzmq keeps to
/// itself. Waits for nothing. One thread at a time.
class Knock {
  public:
    /// `from`: the address to come from; empty: any.
    explicit Knock(wire::Endpoint const& to, std::string const& from = {});
    ~Knock();
    Knock(Knock const&) = delete;
    Knock& operator=(Knock const&) = delete;

    /// Whether it is known how it ended.
    [[nodiscard]] bool over();

    [[nodiscard]] bool connected() { return over() && error_ == 0; }

    /// Why, in words, as far as it is known by now.
    [[nodiscard]] std::string why();

  private:
    void start(wire::Endpoint const& to, std::string const& from);

    int fd_ = -1;
    int error_ = 0;  ///< errno of the connection; EINPROGRESS: not known yet
};

}  // namespace xfsbus::bus
