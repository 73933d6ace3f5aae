#pragma once

#include "swarm.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/reactor.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/types.h>

/// Those that talk to the programs but are none of them.
namespace xfsbus::test {

/// A TCP connection to a port of this machine.
class Stranger {
  public:
    explicit Stranger(std::uint16_t port);
    ~Stranger();

    Stranger(Stranger&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

    Stranger& operator=(Stranger&&) = delete;

    /// As much as the other side takes.
    void say(std::string const& text) const;

  private:
    int socket_;
};

/// What strangers say: nothing of it is ours. The last is a greeting that goes on.
std::vector<std::string> garbage();

/// Where a process accepts connections.
std::vector<std::uint16_t> listening_ports(pid_t process);

/// Says "400 Bad Request" to everybody.
class WebServer {
  public:
    WebServer();
    ~WebServer();
    WebServer(WebServer const&) = delete;
    WebServer& operator=(WebServer const&) = delete;

    [[nodiscard]] std::string endpoint() const { return "tcp://" + at(port_); }

  private:
    void serve() const;

    int socket_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// Asks a tracker or a peer whatever is wanted, as one who knows the protocol; is there when it is
/// pinged.
class BusClient {
  public:
    explicit BusClient(wire::Endpoint const& to);
    ~BusClient();
    BusClient(BusClient const&) = delete;
    BusClient& operator=(BusClient const&) = delete;

    wire::Message ask(wire::Message message);
    /// What needs no answer. Leaves soon, also when this object ends.
    void tell(wire::Message message);

  private:
    bus::Reactor reactor_;
    std::unique_ptr<bus::ControlClient> client_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<wire::Envelope> answers_;  // guarded by mutex_
    std::uint64_t last_request_ = 0;
    std::thread thread_;
};

/// Answers whatever it is asked.
class BusServer {
  public:
    /// nullopt: says nothing.
    using Answer = std::function<std::optional<wire::Message>(wire::Message const&)>;
    explicit BusServer(Answer answer);
    ~BusServer();
    BusServer(BusServer const&) = delete;
    BusServer& operator=(BusServer const&) = delete;

    [[nodiscard]] std::string endpoint() const { return server_->endpoint().to_zmq(); }

    [[nodiscard]] wire::Endpoint const& address() const { return server_->endpoint(); }

  private:
    bus::Reactor reactor_;
    std::unique_ptr<bus::ControlServer> server_;
    std::thread thread_;
};

/// The content id in an event of a program.
wire::ContentId content_in(Json const& event);

/// Is in the tracker's list as a source of a file, answers as it likes when it is asked for the
/// manifest, and has no chunks.
class FakeSource {
  public:
    using Manifest =
        std::function<std::optional<wire::ManifestPart>(wire::ContentId const&, std::uint64_t)>;
    /// What its Pongs say of the contents that it is asked about. None: nothing, as peers did that
    /// knew no such question.
    using Holdings = std::function<std::vector<std::uint32_t>(wire::Ping const&)>;
    FakeSource(Swarm const& swarm, wire::FileEntry const& claim, Manifest manifest,
               Holdings holdings = {});

    [[nodiscard]] std::uint16_t port() const { return server_.address().port; }

  private:
    BusServer server_;
    BusClient client_;
};

}  // namespace xfsbus::test
