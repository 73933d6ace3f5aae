#include "strangers.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus::test {
namespace {

int tcp_socket() {
    return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

std::set<std::string> socket_inodes(pid_t process) {
    std::set<std::string> inodes;
    auto const fds = std::filesystem::path("/proc") / std::to_string(process) / "fd";
    for (auto const& entry : std::filesystem::directory_iterator(fds)) {
        std::error_code gone;
        auto const target = std::filesystem::read_symlink(entry, gone).string();
        constexpr std::string_view prefix = "socket:[";
        if (target.starts_with(prefix)) {
            inodes.insert(target.substr(prefix.size(), target.size() - prefix.size() - 1));
        }
    }
    return inodes;
}

}  // namespace

// ---- TCP ----

Stranger::Stranger(std::uint16_t port) : socket_(tcp_socket()) {
    auto const address = address_at(port);
    if (::connect(socket_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
        ::close(socket_);
        throw std::runtime_error("nobody listens at port " + std::to_string(port));
    }
}

Stranger::~Stranger() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

void Stranger::say(std::string const& text) const {
    static_cast<void>(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

std::vector<std::string> garbage() {
    std::string const greeting =
        std::string("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16) + std::string(48, '\0');
    std::string const tls = std::string("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 11);
    return {noise(64 * 1024, 99),
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            tls + noise(500, 5),
            "\n",
            greeting + noise(4000, 3),
            greeting + std::string("\4\x1a\5READY\xbSocket-Type\0\0\0\4PUSH", 28) + noise(300, 4),
            greeting};
}

std::vector<std::uint16_t> listening_ports(pid_t process) {
    auto const inodes = socket_inodes(process);
    std::vector<std::uint16_t> ports;
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
        std::istringstream fields(line);
        std::array<std::string, 10> field;
        for (auto& text : field) {
            fields >> text;
        }
        constexpr char const* listening = "0A";
        if (field[3] == listening && inodes.contains(field[9])) {
            auto const port = field[1].substr(field[1].find(':') + 1);
            ports.push_back(static_cast<std::uint16_t>(std::stoul(port, nullptr, 16)));
        }
    }
    return ports;
}

// ---- WebServer ----

WebServer::WebServer() : socket_(tcp_socket()) {
    auto address = address_at(0);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(socket_, generic, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, generic, &size) != 0) {
        throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

WebServer::~WebServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
}

void WebServer::serve() const {
    while (true) {
        int const guest = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        if (guest < 0) {
            return;
        }
        std::array<char, 256> request{};
        static_cast<void>(::recv(guest, request.data(), request.size(), 0));
        std::string const answer =
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        static_cast<void>(::send(guest, answer.data(), answer.size(), MSG_NOSIGNAL));
        ::close(guest);
    }
}

// ---- the bus ----

wire::ContentId content_in(Json const& event) {
    auto const bytes = wire::from_hex(event.at("content").get<std::string>());
    return wire::ContentId::from(bytes.value()).value();
}

BusClient::BusClient(wire::Endpoint const& to) {
    auto client = bus::ControlClient::connect(
        reactor_, to, bus::Security::none(),
        {.on_message =
             [this](wire::Envelope&& envelope) {
                 if (std::holds_alternative<wire::Ping>(envelope.message)) {
                     client_->send(wire::Pong{}, envelope.request);
                     return;
                 }
                 std::lock_guard const lock(mutex_);
                 answers_.push_back(std::move(envelope));
                 changed_.notify_all();
             },
         .on_garbage = [](std::string const&) {},
         .on_connection = {}});
    if (!client) {
        throw std::runtime_error(client.error().message);
    }
    client_ = std::move(*client);
    thread_ = std::thread([this] { reactor_.run(); });
}

BusClient::~BusClient() {
    reactor_.post([this] { client_.reset(); });
    reactor_.stop();
    thread_.join();
}

wire::Message BusClient::ask(wire::Message message) {
    auto const request = ++last_request_;
    reactor_.post(
        [this, request, message = std::move(message)] { client_->send(message, request); });
    std::unique_lock lock(mutex_);
    auto const answer = [&] {
        return std::ranges::find(answers_, request, &wire::Envelope::request);
    };
    if (!changed_.wait_for(lock, patience, [&] { return answer() != answers_.end(); })) {
        throw std::runtime_error("no answer on the bus");
    }
    return answer()->message;
}

void BusClient::tell(wire::Message message) {
    reactor_.post([this, message = std::move(message)] { client_->send(message, 0); });
}

BusServer::BusServer(Answer answer) {
    auto server = bus::ControlServer::bind(
        reactor_, {host(), 0}, bus::Security::none(),
        {.on_message =
             [this, answer = std::move(answer)](auto const& sender, auto&& envelope) {
                 if (auto const message = answer(envelope.message)) {
                     server_->send(sender.route, *message, envelope.request);
                 }
             },
         .on_garbage = [](auto const&, auto const&) {}});
    if (!server) {
        throw std::runtime_error(server.error().message);
    }
    server_ = std::move(*server);
    thread_ = std::thread([this] { reactor_.run(); });
}

BusServer::~BusServer() {
    reactor_.post([this] { server_.reset(); });
    reactor_.stop();
    thread_.join();
}

// ---- FakeSource ----

namespace {

std::optional<wire::Message> answer_as_source(FakeSource::Manifest const& manifest,
                                              FakeSource::Holdings const& holdings,
                                              wire::Message const& message) {
    if (auto const* ping = std::get_if<wire::Ping>(&message)) {
        return wire::Pong{0, {}, holdings ? holdings(*ping) : std::vector<std::uint32_t>()};
    }
    if (auto const* request = std::get_if<wire::Request>(&message)) {
        return wire::Refused{request->wants.at(0).transfer, wire::ErrorCode::not_found,
                             "no chunks"};
    }
    auto const* question = std::get_if<wire::GetManifests>(&message);
    if (question == nullptr) {
        return std::nullopt;
    }
    wire::Manifests answer;
    for (auto const& content : question->contents) {
        if (auto part = manifest(content, question->offset)) {
            answer.parts.push_back(std::move(*part));
        } else {
            return std::nullopt;
        }
    }
    return answer;
}

}  // namespace

FakeSource::FakeSource(Swarm const& swarm, wire::FileEntry const& claim, Manifest manifest,
                       Holdings holdings)
    : server_([manifest = std::move(manifest), holdings = std::move(holdings)](
                  auto const& message) { return answer_as_source(manifest, holdings, message); }),
      client_(*wire::parse_endpoint(swarm.endpoint())) {
    wire::PeerId id{{9}};
    auto const registered = client_.ask(wire::Register{id, server_.address(), 0, ""});
    auto const epoch = std::get<wire::Registered>(registered).epoch;
    auto const updated = client_.ask(wire::Update{epoch, 1, true, true, {claim}, {}});
    if (!std::holds_alternative<wire::Updated>(updated)) {
        throw std::runtime_error("the tracker did not take the claim");
    }
}

}  // namespace xfsbus::test
