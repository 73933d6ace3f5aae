#include "answer.hpp"
#include "client.hpp"
#include "kept_readers.hpp"
#include "reception.hpp"
#include "threads/worker_pool.hpp"
#include "visit.hpp"

#include <xfsbus/door/door.hpp>
#include <xfsbus/files/fd.hpp>
#include <xfsbus/wire/name.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus::door {
namespace {

constexpr int backlog = 64;

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
};

/// nullopt: it is no address.
std::optional<Address> address_of(wire::Endpoint const& endpoint) {
    Address address;
    auto* const four = reinterpret_cast<sockaddr_in*>(&address.bytes);
    auto* const six = reinterpret_cast<sockaddr_in6*>(&address.bytes);
    auto const host = endpoint.any_host() ? std::string("0.0.0.0") : endpoint.host;
    if (::inet_pton(AF_INET, host.c_str(), &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(endpoint.port);
        address.size = sizeof *four;
    } else if (::inet_pton(AF_INET6, host.c_str(), &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(endpoint.port);
        address.size = sizeof *six;
    } else {
        return std::nullopt;
    }
    return address;
}

std::uint16_t port_of(int socket) {
    Address address;
    address.size = sizeof address.bytes;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address.bytes), &address.size);
    return ntohs(address.bytes.ss_family == AF_INET6
                     ? reinterpret_cast<sockaddr_in6 const*>(&address.bytes)->sin6_port
                     : reinterpret_cast<sockaddr_in const*>(&address.bytes)->sin_port);
}

Error cannot_listen(wire::Endpoint const& endpoint, int error) {
    return {Errc::network, "cannot serve HTTP on " + wire::escape(endpoint.to_string()) + ": " +
                               std::generic_category().message(error)};
}

Result<files::Fd> listen_at(wire::Endpoint const& endpoint) {
    auto const address = address_of(endpoint);
    if (!address) {
        return cannot_listen(endpoint, EADDRNOTAVAIL);
    }
    files::Fd socket(
        ::socket(address->bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    int const yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool const listens = socket &&
                         ::bind(socket.get(), reinterpret_cast<sockaddr const*>(&address->bytes),
                                address->size) == 0 &&
                         ::listen(socket.get(), backlog) == 0;
    return listens ? Result(std::move(socket)) : Result<files::Fd>(cannot_listen(endpoint, errno));
}

}  // namespace

class Door::Impl {
  public:
    Impl(peer::Peer& peer, Options options, files::Fd listening, files::Fd wake)
        : peer_(peer),
          options_(std::move(options)),
          listening_(std::move(listening)),
          wake_(std::move(wake)),
          endpoint_{options_.listen.host, port_of(listening_.get())},
          kept_(options_.limits.kept, options_.limits.keep),
          pool_(static_cast<unsigned>(options_.limits.visits), "xfs-http",
                [this](std::exception_ptr const&) {
                    tell(LogLevel::error, "a request could not be answered: no memory");
                }),
          listener_([this](std::stop_token const& stop) { listen(stop); }) {
        tell({LogLevel::info,
              "http-open",
              "files are at http://" + endpoint_.to_string() + "/files/NAME",
              {{"address", endpoint_.to_string()}}});
    }

    ~Impl() {
        visits_stop_.request_stop();
        listener_.request_stop();
        std::uint64_t const one = 1;
        static_cast<void>(::write(wake_.get(), &one, sizeof one));
        listener_.join();
    }

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    [[nodiscard]] wire::Endpoint const& endpoint() const { return endpoint_; }

  private:
    void listen(std::stop_token const& stop) {
        ::pthread_setname_np(::pthread_self(), "xfs-http-in");
        Reception reception(
            listening_.get(), wake_.get(), options_.limits,
            [this](files::Fd socket, auto const& what) { take(std::move(socket), what); });
        while (!stop.stop_requested()) {
            try {
                reception.wait();
                kept_.drop_old(std::chrono::steady_clock::now());
            } catch (std::exception const& error) {  // of the memory; the next may have some
                tell(LogLevel::error, std::string("a request was not heard: ") + error.what());
            }
        }
    }

    void take(files::Fd socket, std::variant<Request, Refusal> const& what) {
        auto const* const request = std::get_if<Request>(&what);
        if (request == nullptr) {
            return refuse(std::move(socket), std::get<Refusal>(what), false);
        }
        if (!is_admitted(*request, options_.token)) {
            bool const secret = !options_.token.empty();
            return refuse(std::move(socket),
                          {secret ? 401 : 403, secret ? "this needs the token of the door"
                                                      : "ask for this machine as localhost"},
                          request->head);
        }
        if (visits_ == options_.limits.visits) {
            return refuse(std::move(socket), {503, "too busy; try again"}, request->head);
        }
        ++visits_;
        auto const shared = std::make_shared<files::Fd>(std::move(socket));
        pool_.submit([this, shared, request = *request] { visit(std::move(*shared), request); });
    }

    void refuse(files::Fd socket, Refusal const& refusal, bool head) {
        send_and_close(std::move(socket), answer_in_words(refusal, head, std::time(nullptr)));
        tell(LogLevel::debug, "HTTP " + std::to_string(refusal.status) + ": " + refusal.words);
    }

    /// A thread of the pool.
    void visit(files::Fd socket, Request const& request) {
        struct Counted {
            explicit Counted(std::atomic<std::size_t>& count) : visits(count) {}

            ~Counted() { --visits; }

            Counted(Counted const&) = delete;
            Counted& operator=(Counted const&) = delete;
            std::atomic<std::size_t>& visits;
        };

        Counted const counted(visits_);
        auto const& limits = options_.limits;
        auto const stop = visits_stop_.get_token();
        Client client(std::move(socket), {limits.slow, limits.least_bytes}, stop);
        auto const visit = answer(peer_, request, client, kept_, limits, stop);
        auto const name = wire::escape(request.name);
        bool const cut = !visit.trouble.empty() && visit.status < 300;
        tell({cut ? LogLevel::info : LogLevel::debug,
              "http-request",
              "HTTP " + std::to_string(visit.status) + " for '" + name + "', " +
                  std::to_string(visit.bytes) + " bytes" +
                  (visit.trouble.empty() ? "" : ": " + visit.trouble),
              {{"name", name},
               {"status", static_cast<std::uint64_t>(visit.status)},
               {"bytes", visit.bytes},
               {"why", visit.trouble}}});
    }

    void tell(LogLevel level, std::string text) { tell({level, "", std::move(text)}); }

    void tell(LogEvent const& event) {
        std::lock_guard const lock(telling_);
        if (options_.log) {
            options_.log(event);
        }
    }

    peer::Peer& peer_;
    Options options_;
    files::Fd listening_;
    files::Fd wake_;
    wire::Endpoint endpoint_;
    KeptReaders kept_;
    std::mutex telling_;
    std::atomic<std::size_t> visits_ = 0;
    std::stop_source visits_stop_;
    peer::threads::WorkerPool pool_;
    std::jthread listener_;  // last: it uses the others
};

Door::Door(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Door::~Door() = default;

wire::Endpoint const& Door::endpoint() const {
    return impl_->endpoint();
}

Result<std::unique_ptr<Door>> Door::open(peer::Peer& peer, Options options) {
    auto listening = listen_at(options.listen);
    if (!listening) {
        return listening.error();
    }
    files::Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) {
        return cannot_listen(options.listen, errno);
    }
    auto impl =
        std::make_unique<Impl>(peer, std::move(options), std::move(*listening), std::move(wake));
    return std::unique_ptr<Door>(new Door(std::move(impl)));
}

}  // namespace xfsbus::door
