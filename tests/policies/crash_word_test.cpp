#include "catch.hpp"
#include "guards.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/policies/host/crash_word.hpp>
#include <xfsbus/policies/host/guarded_selector.hpp>

#include <array>
#include <csignal>
#include <functional>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

/// Sends itself a signal wherever it is asked.
class Crashing final : public PeerSelector {
  public:
    explicit Crashing(int signal) : signal_(signal) {}

    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const>,
                                    Rng&) override {
        std::raise(signal_);
        return 0;
    }

  private:
    int signal_;
};

/// Calls itself until there is no stack left; each time it keeps a page.
[[gnu::noinline]] int deeper(int volatile const& depth) {
    std::array<int volatile, 1024> page{};
    page[0] = depth;
    return depth < 0 ? 0 : deeper(page[0]) + page[1];
}

class Overflowing final : public PeerSelector {
  public:
    std::optional<std::size_t> pick(RequestView const&, std::span<SourceView const>,
                                    Rng&) override {
        int volatile const depth = 1;
        return static_cast<std::size_t>(deeper(depth));
    }
};

struct Death {
    int signal = 0;   ///< that it died of; 0: it did not
    std::string err;  ///< what it has written to stderr
};

/// Runs this in a process of its own, without a core.
Death death_of(std::function<void()> const& work) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    xfsbus::files::Fd const read_end(ends[0]);
    xfsbus::files::Fd write_end(ends[1]);
    auto const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(write_end.get(), STDERR_FILENO);
        work();
        ::_exit(0);
    }
    write_end = xfsbus::files::Fd();
    Death death;
    std::array<char, 256> buffer{};
    for (ssize_t bytes = 0; (bytes = ::read(read_end.get(), buffer.data(), buffer.size())) > 0;) {
        death.err.append(buffer.data(), static_cast<std::size_t>(bytes));
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    death.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return death;
}

/// As in a program that nothing else has prepared: a test's own handlers, or a sanitizer's, would
/// be left alone.
void tell_crashes_alone() {
    for (int const signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
        std::signal(signal, SIG_DFL);
    }
    tell_crashes("prog");
}

void crash_within_a_policy(int signal) {
    GuardOptions options;
    options.file = "libcrashing.so";
    GuardedSelector selector("crashing", std::make_unique<Crashing>(signal), 1, options);
    selector.pick(RequestView{}, three_sources());
}

}  // namespace

TEST_CASE("The policy is named within which a program crashes, which then ends as it would have") {
    int const signal = GENERATE(SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT);
    auto const death = death_of([&] {
        tell_crashes_alone();
        crash_within_a_policy(signal);
    });
    CHECK(death.signal == signal);
    CHECK(death.err == "prog: crashed within policy libcrashing.so (crashing), pick\n");
}

TEST_CASE("The policy is named that exhausts the stack, on whichever thread it is called") {
    bool const is_main = GENERATE(true, false);
    auto const overflow = [] {
        GuardOptions options;
        options.file = "libdeep.so";
        GuardedSelector selector("deep", std::make_unique<Overflowing>(), 1, options);
        selector.pick(RequestView{}, three_sources());
    };
    auto const death = death_of([&] {
        tell_crashes_alone();
        is_main ? overflow() : std::thread(overflow).join();
    });
    CHECK(death.signal == SIGSEGV);
    CHECK(death.err == "prog: crashed within policy libdeep.so (deep), pick\n");
}

TEST_CASE("A thread's second stack is the program's own if it has one") {
    auto const death = death_of([] {
        std::array<char, std::size_t{64} * 1024> memory{};
        stack_t const own{.ss_sp = memory.data(), .ss_flags = 0, .ss_size = memory.size()};
        ::sigaltstack(&own, nullptr);
        tell_crashes_alone();
        prepare_to_tell();
        stack_t now{};
        ::sigaltstack(nullptr, &now);
        ::_exit(now.ss_sp == memory.data() ? 0 : (std::raise(SIGKILL), 1));
    });
    CHECK(death.signal == 0);
}

TEST_CASE("A crash that is no policy's is none of its business") {
    auto const death = death_of([] {
        tell_crashes_alone();
        std::raise(SIGABRT);
    });
    CHECK(death.signal == SIGABRT);
    CHECK(death.err.empty());
}

TEST_CASE("A program that has a handler of its own keeps it") {
    auto const death = death_of([] {
        std::signal(SIGFPE, [](int) { ::_exit(0); });
        tell_crashes("prog");
        crash_within_a_policy(SIGFPE);
    });
    CHECK(death.signal == 0);
    CHECK(death.err.empty());
}
