/// How long a find takes on an idle tracker that knows many names, over loopback: one peer with
/// NAMES files, one client that asks for one of them after another, ROUNDS times.
/// Prints one JSON object: names, rounds, and the round trip's percentiles in microseconds.
#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/tracker/tracker.hpp>
#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace xfsbus;
using Clock = std::chrono::steady_clock;

std::string name_of(std::size_t number) {
    return "dir" + std::to_string(number % 100) + "/file-" + std::to_string(number);
}

/// Registers with the tracker and gives it the names; answers its pings.
class Holder {
  public:
    Holder(bus::Reactor& reactor, wire::Endpoint const& tracker, std::size_t names)
        : reactor_(reactor), names_(names) {
        client_ = bus::ControlClient::connect(reactor, tracker, bus::Security::none(),
                                              {.on_message = [this](auto&& e) { on_message(e); },
                                               .on_garbage = {},
                                               .on_connection = {}})
                      .value();
        client_->send(wire::Register{{}, {"127.0.0.1", 1}, 1000, ""});
    }

    std::function<void()> on_ready;

  private:
    void on_message(wire::Envelope const& envelope) {
        if (std::holds_alternative<wire::Ping>(envelope.message)) {
            client_->send(wire::Pong{0}, envelope.request);
        } else if (auto const* registered = std::get_if<wire::Registered>(&envelope.message)) {
            epoch_ = registered->epoch;
            send_batch();
        } else if (std::holds_alternative<wire::Updated>(envelope.message)) {
            sent_ < names_ ? send_batch() : on_ready();
        }
    }

    void send_batch() {
        wire::Update update{epoch_, ++sequence_, sent_ == 0, false, {}, {}};
        while (sent_ < names_ && update.added.size() < wire::limits::update_entries) {
            wire::ContentId content;
            content.bytes[0] = static_cast<std::uint8_t>(sent_ % 251);
            update.added.push_back({name_of(sent_++), content, 4096, wire::complete_ppm});
        }
        update.full_end = sent_ == names_;
        client_->send(std::move(update));
    }

    bus::Reactor& reactor_;
    std::size_t names_;
    std::size_t sent_ = 0;
    std::uint64_t epoch_ = 0;
    std::uint64_t sequence_ = 0;
    std::unique_ptr<bus::ControlClient> client_;
};

/// Asks one question at a time and notes how long each answer takes.
class Asker {
  public:
    Asker(bus::Reactor& reactor, wire::Endpoint const& tracker, std::size_t names,
          std::size_t rounds)
        : reactor_(reactor), names_(names), rounds_(rounds) {
        client_ = bus::ControlClient::connect(reactor, tracker, bus::Security::none(),
                                              {.on_message = [this](auto&& e) { on_message(e); },
                                               .on_garbage = {},
                                               .on_connection = {}})
                      .value();
    }

    void ask() {
        asked_ = Clock::now();
        client_->send(wire::Find{wire::FindBy::name, name_of(random_() % names_), "", 0},
                      ++request_);
    }

    [[nodiscard]] std::vector<double> const& micros() const { return micros_; }

  private:
    void on_message(wire::Envelope const& envelope) {
        auto const* found = std::get_if<wire::Found>(&envelope.message);
        if (found == nullptr || found->files.size() != 1) {
            std::fputs("the tracker did not find the name\n", stderr);
            std::exit(1);
        }
        micros_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - asked_).count());
        micros_.size() < rounds_ ? ask() : reactor_.stop();
    }

    bus::Reactor& reactor_;
    std::size_t names_;
    std::size_t rounds_;
    std::minstd_rand random_{1};
    std::uint64_t request_ = 0;
    Clock::time_point asked_;
    std::vector<double> micros_;
    std::unique_ptr<bus::ControlClient> client_;
};

}  // namespace

int main(int argc, char** argv) {
    std::size_t const names = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
    std::size_t const rounds = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 5'000;
    auto tracker = tracker::Tracker::start({.bind = {"127.0.0.1", 0}, .log = {}});
    if (!tracker || names == 0 || rounds == 0) {
        std::fputs("usage: xfs-bench-find [NAMES [ROUNDS]]\n", stderr);
        return 2;
    }
    std::thread running([&] { (*tracker)->run(); });
    bus::Reactor reactor;
    Holder holder(reactor, (*tracker)->endpoint(), names);
    Asker asker(reactor, (*tracker)->endpoint(), names, rounds);
    holder.on_ready = [&] { asker.ask(); };
    reactor.run();
    (*tracker)->stop();
    running.join();

    auto micros = asker.micros();
    std::ranges::sort(micros);
    auto const percentile = [&](double p) {
        return micros[static_cast<std::size_t>(p * static_cast<double>(micros.size() - 1))];
    };
    std::printf("{\"names\": %zu, \"rounds\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", names,
                rounds, percentile(0.5), percentile(0.99));
    if (std::fflush(stdout) != 0) {
        std::perror("xfs-bench-find: stdout");
        return 9;
    }
    return 0;
}
