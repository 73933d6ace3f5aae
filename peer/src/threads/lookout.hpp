#pragma once

#include <xfsbus/files/fd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>

namespace xfsbus::peer::threads {

/// A thread that waits for many: for what is read or happens at descriptors, and for times. It
/// begins with the first wait. Any thread.
class Lookout {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// What is waited for: any of it.
    struct What {
        std::vector<pollfd> descriptors{};
        std::optional<Time> until{};
    };

    /// On the lookout's thread: what there is at the descriptors, as poll(2) says it; nothing, if
    /// it is the time. All others wait meanwhile.
    using Then = std::function<void(std::vector<pollfd> const&)>;

    /// The name is for debuggers. Throws std::system_error if the system gives no descriptor.
    explicit Lookout(std::string name);
    /// Nothing is waited for any more.
    ~Lookout();
    Lookout(Lookout const&) = delete;
    Lookout& operator=(Lookout const&) = delete;

    enum class Ticket : std::uint64_t {};

    /// Calls `then`, once. Throws std::system_error if the system gives no thread.
    Ticket wait(What what, Then then);
    /// It is to be called now; does nothing if it has been.
    void hasten(Ticket ticket);
    /// False: it has been called, or is about to be.
    bool cancel(Ticket ticket);

  private:
    struct Entry {
        What what;
        Then then;
    };

    /// What poll(2) is told: the descriptors of all, one after the other.
    struct Watched {
        std::vector<pollfd> descriptors;
        std::vector<std::pair<Ticket, std::size_t>> counts;  ///< how many are whose
    };

    struct Due {
        Then then;
        std::vector<pollfd> found;
    };

    void work();
    void wake() const;
    [[nodiscard]] int patience_ms() const;
    [[nodiscard]] Watched watched() const;
    std::vector<Due> take_due(Watched const& watched);

    std::string name_;
    files::Fd wake_;
    std::mutex mutex_;
    std::map<Ticket, Entry> entries_{};  // guarded by mutex_, as all that follows
    std::uint64_t last_ = 0;
    bool ends_ = false;
    std::thread thread_{};
};

}  // namespace xfsbus::peer::threads
