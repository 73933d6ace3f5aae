#include <xfsbus/bus/resolver.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/name.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <future>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

namespace xfsbus::bus {
namespace {

/// Threads that may wait for an answer at once; a resolver that is silent holds one for 30 s.
constexpr std::size_t lookups_most = 8;

constexpr char const* no_answer = "no answer from the name server";

using Addresses = Result<std::vector<std::string>>;

Error unknown(std::string const& host, std::string const& why) {
    return {Errc::network, "cannot look up '" + wire::escape(host) + "': " + why};
}

Addresses ask_system(std::string const& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    int const code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (code != 0) {
        return unknown(host, ::gai_strerror(code));
    }
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> const all(found, ::freeaddrinfo);
    std::vector<std::string> addresses;
    for (auto const* each = found; each != nullptr; each = each->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0) {
            addresses.emplace_back(text.data());
        }
    }
    return addresses.empty() ? unknown(host, "it has no address") : Addresses(addresses);
}

/// Starts a thread that takes no signals: they are the program's.
void start_thread(std::function<void()> work) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread(std::move(work)).detach();
    } catch (...) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

Addresses look_up(std::string const& host, wire::Duration patience) {
    if (wire::numeric_host(host)) {
        return std::vector{host};
    }
    auto const answer = std::make_shared<std::promise<Addresses>>();
    auto future = answer->get_future();
    try {
        start_thread([answer, host] { answer->set_value(ask_system(host)); });
    } catch (std::system_error const& error) {
        return unknown(host, error.what());
    }
    if (future.wait_for(patience) != std::future_status::ready) {
        return unknown(host, no_answer);
    }
    return future.get();
}

/// Shared with the threads, which may outlive the Resolver and the reactor.
struct Resolver::Impl {
    std::mutex mutex;
    Reactor* reactor = nullptr;  ///< guarded by mutex; none: nobody waits any more
    std::size_t lookups = 0;     ///< guarded by mutex

    struct Waiting {
        OnAddresses on_addresses;
        Reactor::TimerId timer{};
    };

    std::map<std::uint64_t, Waiting> waiting;  // reactor thread
    std::uint64_t last = 0;                    // reactor thread

    void answer(std::uint64_t number, Addresses addresses) {
        auto node = waiting.extract(number);
        if (!node.empty()) {
            reactor->cancel(node.mapped().timer);
            node.mapped().on_addresses(std::move(addresses));
        }
    }
};

Resolver::Resolver(Reactor& reactor) : impl_(std::make_shared<Impl>()) {
    impl_->reactor = &reactor;
}

Resolver::~Resolver() {
    for (auto const& [number, waiting] : impl_->waiting) {
        impl_->reactor->cancel(waiting.timer);
    }
    impl_->waiting.clear();
    std::lock_guard const lock(impl_->mutex);
    impl_->reactor = nullptr;
}

void Resolver::resolve(std::string const& host, wire::Duration patience, OnAddresses on_addresses) {
    auto& reactor = *impl_->reactor;
    auto const number = ++impl_->last;
    auto const weak = std::weak_ptr(impl_);
    auto const answer = [weak, number](Addresses addresses) {
        if (auto const impl = weak.lock()) {
            impl->answer(number, std::move(addresses));
        }
    };
    auto const timer =
        reactor.at(reactor.now() + patience, [answer, host] { answer(unknown(host, no_answer)); });
    impl_->waiting.emplace(number, Impl::Waiting{std::move(on_addresses), timer});
    auto const at_once = [&](Addresses addresses) {
        reactor.post([answer, addresses = std::move(addresses)] { answer(addresses); });
    };
    if (wire::numeric_host(host)) {
        return at_once(std::vector{host});
    }
    std::unique_lock lock(impl_->mutex);
    if (impl_->lookups >= lookups_most) {
        lock.unlock();
        return at_once(unknown(host, "earlier questions wait for the name server"));
    }
    ++impl_->lookups;
    lock.unlock();
    try {
        start_thread([impl = impl_, host, answer] {
            auto addresses = ask_system(host);
            std::lock_guard const done(impl->mutex);
            --impl->lookups;
            if (impl->reactor != nullptr) {
                impl->reactor->post(
                    [answer, addresses = std::move(addresses)] { answer(addresses); });
            }
        });
    } catch (std::system_error const& error) {
        lock.lock();
        --impl_->lookups;
        lock.unlock();
        at_once(unknown(host, error.what()));
    }
}

}  // namespace xfsbus::bus
