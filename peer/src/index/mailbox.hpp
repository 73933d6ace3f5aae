#pragma once

#include <xfsbus/files/fd.hpp>

#include <functional>
#include <mutex>
#include <vector>

namespace xfsbus::peer::index {

class Indexer;

/// Brings work to the thread of the index, which polls its descriptor.
class Mailbox {
  public:
    using Letter = std::function<void(Indexer&)>;

    /// Throws std::system_error if the system has no descriptor left.
    Mailbox();

    [[nodiscard]] int fd() const { return event_.get(); }

    /// Any thread.
    void post(Letter letter);
    void wake() const;

    /// All that came, in order. The index's thread.
    std::vector<Letter> take();

  private:
    files::Fd event_;
    std::mutex mutex_;
    std::vector<Letter> letters_;
};

}  // namespace xfsbus::peer::index
