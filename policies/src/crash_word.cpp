#include <xfsbus/policies/host/call_mark.hpp>
#include <xfsbus/policies/host/crash_word.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include <sys/mman.h>
#include <unistd.h>

namespace xfsbus::policies {
namespace {

/// One line, put together without memory being allocated: nothing else may be done in a handler.
class CrashLine {
  public:
    CrashLine& operator<<(std::string_view text) {
        auto const fits = std::min(text.size(), line_.size() - 1 - size_);
        std::copy_n(text.begin(), fits, line_.begin() + size_);
        size_ += fits;
        return *this;
    }

    /// To stderr.
    void write() {
        line_.at(size_) = '\n';
        auto const written = ::write(STDERR_FILENO, line_.data(), size_ + 1);
        static_cast<void>(written);  // there is nobody left to tell
    }

  private:
    std::array<char, 512> line_{};
    std::size_t size_ = 0;
};

constexpr std::size_t program_bytes_most = 64;
/// Of the program, as the line begins; ends with NUL. Not changed any more once a handler is there.
std::array<char, program_bytes_most + 1> crashing_program{};

std::atomic<bool> is_telling = false;

/// A thread's second stack, if it had none.
class SecondStack {
  public:
    SecondStack() {
        stack_t now{};
        if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) {
            return;
        }
        void* const memory =
            ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            return;  // then a crash is told of unless the stack is exhausted
        }
        memory_ = memory;
        stack_t const ours{.ss_sp = memory_, .ss_flags = 0, .ss_size = bytes()};
        ::sigaltstack(&ours, nullptr);
    }

    ~SecondStack() {
        if (memory_ != nullptr) {
            stack_t const none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
            ::sigaltstack(&none, nullptr);
            ::munmap(memory_, bytes());
        }
    }

    SecondStack(SecondStack const&) = delete;
    SecondStack& operator=(SecondStack const&) = delete;

  private:
    /// What the kernel saves there depends on the processor.
    static std::size_t bytes() {
        return static_cast<std::size_t>(SIGSTKSZ) + std::size_t{16} * 1024;
    }

    void* memory_ = nullptr;
};

/// The signal has its default action again (SA_RESETHAND). An instruction that failed is tried
/// again after the return, and fails with it; what was sent has to be sent once more.
void on_crash(int signal, siginfo_t* info, void* /*context*/) {
    int const error = errno;
    if (auto const* const mark = CallMark::of_this_thread()) {
        char const* const operation = mark->operation();
        CrashLine line;
        line << crashing_program.data() << ": crashed within policy " << mark->file() << " ("
             << mark->policy() << "), " << (operation != nullptr ? operation : "a call");
        line.write();
    }
    if (info->si_code <= 0) {
        ::raise(signal);
    }
    errno = error;
}

}  // namespace

void tell_crashes(std::string_view program) {
    auto const fits = std::min(program.size(), program_bytes_most);
    std::fill(std::copy_n(program.begin(), fits, crashing_program.begin()), crashing_program.end(),
              '\0');
    for (int const signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
        struct sigaction now {};

        if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) {
            continue;
        }

        struct sigaction ours {};

        ours.sa_sigaction = on_crash;
        ours.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND | SA_ONSTACK);
        ::sigaction(signal, &ours, nullptr);
    }
    is_telling.store(true, std::memory_order_relaxed);
}

void prepare_to_tell() {
    if (is_telling.load(std::memory_order_relaxed)) {
        thread_local SecondStack const stack;
    }
}

}  // namespace xfsbus::policies
