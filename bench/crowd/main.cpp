/// Plays many peers to a tracker that runs in another process, and measures that process.
///
/// xfs-bench-crowd holders ADDRESS PID FINDS COUNT...: ten times FINDS finds of a name that COUNT
/// peers have.
///
/// xfs-bench-crowd heartbeats ADDRESS PID PEERS SECONDS
///
/// xfs-bench-crowd finds ADDRESS PID NAMES SECONDS: 8 clients with 32 questions in flight.
///
/// xfs-bench-crowd asks ADDRESS PID NAMES SECONDS: the same, of who has names without being told.
///
/// ADDRESS is 127.0.0.1:PORT, PID the tracker's. Prints one JSON object a line.
#include "crowd/crowd.hpp"
#include "crowd/tracker_process.hpp"

#include <xfsbus/wire/endpoint.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace xfsbus;
using namespace xfsbus::bench;
using namespace std::chrono_literals;

constexpr auto patience = 30s;
constexpr char const* popular = "popular.bin";
/// Who asks is no fake peer.
constexpr char const* our_host = "127.0.0.1";
/// What a download asks for at first.
constexpr std::uint32_t wanted_sources = 32;
constexpr std::size_t groups = 10;

struct Arguments {
    wire::Endpoint tracker;
    int pid = 0;
    std::vector<std::size_t> numbers;
};

Names one_name() {
    return {1, [](std::size_t) { return popular; }};
}

double micros(Clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
}

double median(std::vector<double> values) {
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// ---- holders ----

/// Asks one question at a time.
class Asker {
  public:
    Asker(Loop& loop, wire::Endpoint const& tracker)
        : loop_(loop), line_(loop, tracker, our_host, [this](wire::Envelope&& envelope) {
              if (auto* found = std::get_if<wire::Found>(&envelope.message)) {
                  answer_ = std::move(*found);
              }
          }) {}

    wire::Found ask(wire::Find const& find) {
        answer_.reset();
        line_.send(find, ++request_);
        if (!loop_.run_until([&] { return answer_.has_value(); }, patience)) {
            throw std::runtime_error("no answer to a find");
        }
        return std::move(*answer_);
    }

    /// The hosts of all who are named for the popular file.
    std::set<std::string> everybody() {
        std::set<std::string> hosts;
        wire::Find find{wire::FindBy::name, popular, "", 0, 0, true};
        do {
            auto const found = ask(find);
            for (auto const& file : found.files) {
                for (auto const& source : file.sources) {
                    hosts.insert(source.listens.host);
                }
            }
            find.after = found.next;
        } while (!find.after.empty());
        return hosts;
    }

  private:
    Loop& loop_;
    Line line_;
    std::uint64_t request_ = 0;
    std::optional<wire::Found> answer_;
};

/// A holder in a process of its own, which can be killed.
class Victim {
  public:
    Victim(wire::Endpoint const& tracker, std::uint32_t number, std::uint16_t port) {
        int ready[2];
        if (::pipe(ready) != 0 || (pid_ = ::fork()) < 0) {
            throw std::runtime_error("cannot start a process");
        }
        if (pid_ == 0) {
            live(tracker, number, port, ready[1]);
        }
        ::close(ready[1]);
        char byte = 0;
        bool const listed = ::read(ready[0], &byte, 1) == 1;
        ::close(ready[0]);
        if (!listed) {
            throw std::runtime_error("the holder that is to be killed was not taken in");
        }
    }

    ~Victim() { kill(); }

    Victim(Victim const&) = delete;
    Victim& operator=(Victim const&) = delete;

    void kill() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = 0;
        }
    }

  private:
    [[noreturn]] static void live(wire::Endpoint const& tracker, std::uint32_t number,
                                  std::uint16_t port, int ready) {
        Loop loop;
        FakePeer peer(loop, tracker, number, port, one_name());
        if (loop.run_until([&] { return peer.listed(); }, patience)) {
            static_cast<void>(::write(ready, "r", 1));
            loop.run_for(patience);
        }
        std::_Exit(0);
    }

    pid_t pid_ = 0;
};

/// How many holders that were killed 100 ms before are named.
int killed_and_named(Loop& loop, wire::Endpoint const& tracker, Asker& asker, std::size_t peers,
                     std::uint16_t port, int rounds) {
    int named = 0;
    for (int i = 0; i < rounds; ++i) {
        auto const number = static_cast<std::uint32_t>(peers) + static_cast<std::uint32_t>(i);
        Victim victim(tracker, number, port);
        if (!asker.everybody().contains(FakePeer::host_of(number))) {
            throw std::runtime_error("a holder that is up is not named");
        }
        victim.kill();
        loop.run_for(100ms);
        named += asker.everybody().contains(FakePeer::host_of(number)) ? 1 : 0;
    }
    return named;
}

/// What the tracker uses for its peers while nobody asks, of each microsecond.
double idle_share(Loop& loop, TrackerProcess const& tracker) {
    auto const cpu = tracker.cpu();
    auto const begun = Clock::now();
    loop.run_for(1s);
    return micros(tracker.cpu() - cpu) / micros(Clock::now() - begun);
}

/// The tracker's CPU time for one find, in the median of groups, one question after the other.
void measure_holders(Loop& loop, TrackerProcess const& tracker, Asker& asker, Crowd const& crowd,
                     std::size_t holders, std::size_t finds) {
    double const idle = idle_share(loop, tracker);
    std::vector<double> waits;
    std::vector<double> costs;
    auto const pings = crowd.pings();
    for (std::size_t group = 0; group < groups; ++group) {
        auto const cpu = tracker.cpu();
        auto const begun = Clock::now();
        for (std::size_t i = 0; i < finds; ++i) {
            auto const asked = Clock::now();
            auto const found =
                asker.ask({wire::FindBy::name, popular, "", 0, wanted_sources, false});
            waits.push_back(micros(Clock::now() - asked));
            if (found.files.size() != 1 || found.files[0].source_count != holders) {
                throw std::runtime_error("not all holders were counted");
            }
        }
        auto const used = micros(tracker.cpu() - cpu) - idle * micros(Clock::now() - begun);
        costs.push_back(used / static_cast<double>(finds));
    }
    std::printf(
        "{\"holders\": %zu, \"cpu_us\": %.1f, \"p50_us\": %.1f, \"pings\": %.3f, "
        "\"idle_percent\": %.2f}\n",
        holders, median(costs), median(waits),
        static_cast<double>(crowd.pings() - pings) / static_cast<double>(groups * finds),
        100 * idle);
}

void holders(Arguments const& arguments) {
    Loop loop;
    Crowd crowd(loop, arguments.tracker, [](std::uint32_t) { return one_name(); });
    Asker asker(loop, arguments.tracker);
    TrackerProcess const tracker(arguments.pid);
    for (std::size_t i = 1; i < arguments.numbers.size(); ++i) {
        crowd.grow(arguments.numbers[i]);
        loop.run_for(500ms);
        measure_holders(loop, tracker, asker, crowd, arguments.numbers[i],
                        arguments.numbers.front());
    }
    constexpr int kills = 10;
    std::printf("{\"killed\": %d, \"named\": %d}\n", kills,
                killed_and_named(loop, arguments.tracker, asker, arguments.numbers.back(),
                                 crowd.port(), kills));
}

// ---- heartbeats ----

void heartbeats(Arguments const& arguments) {
    std::size_t const peers = arguments.numbers.at(0);
    constexpr std::size_t files = 10;
    Loop loop;
    TrackerProcess const tracker(arguments.pid);
    auto const empty_kib = tracker.resident_kib();
    Crowd crowd(loop, arguments.tracker, [](std::uint32_t number) {
        return Names{files, [number](std::size_t file) {
                         return "peer-" + std::to_string(number) + "/" + std::to_string(file);
                     }};
    });
    crowd.grow(peers);
    loop.run_for(2s);
    std::vector<double> shares;
    for (std::size_t i = 0; i < arguments.numbers.at(1); ++i) {
        auto const cpu = tracker.cpu();
        auto const begun = Clock::now();
        loop.run_for(1s);
        shares.push_back(micros(tracker.cpu() - cpu) / micros(Clock::now() - begun));
    }
    std::printf(
        "{\"peers\": %zu, \"core_percent\": %.1f, \"kib\": %zu, \"empty_kib\": %zu, "
        "\"pings\": %llu, \"lost\": %llu}\n",
        peers, 100 * median(shares), tracker.resident_kib(), empty_kib,
        static_cast<unsigned long long>(crowd.pings()),
        static_cast<unsigned long long>(crowd.failures() + crowd.ended()));
}

// ---- finds ----

/// Has many questions open at once, each for another name.
class Client {
  public:
    Client(Loop& loop, wire::Endpoint const& tracker, std::size_t names, std::uint32_t seed)
        : names_(names),
          random_(seed),
          line_(loop, tracker, our_host,
                [this](wire::Envelope&& envelope) { on_answer(envelope.message); }) {}

    void ask() {
        line_.send({wire::Find{wire::FindBy::name, name_of(random_() % names_), "", 0,
                               wanted_sources, false}},
                   ++request_);
    }

    [[nodiscard]] std::uint64_t answers() const { return answers_; }

    static std::string name_of(std::size_t number) {
        return "dir" + std::to_string(number % 100) + "/file-" + std::to_string(number);
    }

  private:
    void on_answer(wire::Message const& message) {
        auto const* found = std::get_if<wire::Found>(&message);
        if (found == nullptr || found->files.size() != 1) {
            throw std::runtime_error("the tracker did not find a name");
        }
        ++answers_;
        ask();
    }

    std::size_t names_;
    std::minstd_rand random_;
    std::uint64_t request_ = 0;
    std::uint64_t answers_ = 0;
    Line line_;
};

void asks(Loop& loop, Arguments const& arguments) {
    constexpr std::size_t clients = 8;
    constexpr std::size_t in_flight = 32;
    std::size_t const names = arguments.numbers.at(0);
    std::vector<std::unique_ptr<Client>> all;
    for (std::size_t i = 0; i < clients; ++i) {
        all.push_back(std::make_unique<Client>(loop, arguments.tracker, names, 1 + i));
        for (std::size_t n = 0; n < in_flight; ++n) {
            all.back()->ask();
        }
    }
    auto const answers = [&] {
        std::uint64_t count = 0;
        for (auto const& client : all) {
            count += client->answers();
        }
        return count;
    };
    loop.run_for(500ms);
    TrackerProcess const tracker(arguments.pid);
    for (std::size_t i = 0; i < arguments.numbers.at(1); ++i) {
        auto const before = answers();
        auto const cpu = tracker.cpu();
        auto const begun = Clock::now();
        loop.run_for(1s);
        auto const count = static_cast<double>(answers() - before);
        std::printf("{\"finds_per_s\": %.0f, \"cpu_us\": %.2f}\n",
                    count / micros(Clock::now() - begun) * 1e6,
                    micros(tracker.cpu() - cpu) / count);
    }
}

void finds(Arguments const& arguments) {
    Loop loop;
    Crowd crowd(loop, arguments.tracker, [names = arguments.numbers.at(0)](std::uint32_t) {
        return Names{names, Client::name_of};
    });
    crowd.grow(1);
    asks(loop, arguments);
}

int usage() {
    std::fputs(
        "usage: xfs-bench-crowd holders|heartbeats|finds|asks ADDRESS PID NUMBER NUMBER...\n",
        stderr);
    return 2;
}

/// Each peer is a descriptor.
void raise_descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(std::vector<std::string> const& words) {
    auto const tracker = words.size() < 6 ? std::nullopt : wire::parse_endpoint(words[2]);
    if (!tracker) {
        return usage();
    }
    Arguments arguments{*tracker, std::atoi(words[3].c_str()), {}};
    for (std::size_t i = 4; i < words.size(); ++i) {
        arguments.numbers.push_back(std::strtoul(words[i].c_str(), nullptr, 10));
    }
    raise_descriptor_limit();
    if (words[1] == "holders") {
        holders(arguments);
    } else if (words[1] == "heartbeats") {
        heartbeats(arguments);
    } else if (words[1] == "finds") {
        finds(arguments);
    } else if (words[1] == "asks") {
        Loop loop;
        asks(loop, arguments);
    } else {
        return usage();
    }
    if (std::fflush(stdout) != 0) {
        std::perror("xfs-bench-crowd: stdout");
        return 9;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argv, argv + argc});
    } catch (std::exception const& error) {
        std::fprintf(stderr, "xfs-bench-crowd: %s\n", error.what());
        return 1;
    }
}
