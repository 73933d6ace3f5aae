#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace xfsbus::peer::index {

class Indexer;

/// Brings work to the index.
class Mailbox {
  public:
    using Letter = std::function<void(Indexer&)>;

    /// `wake`: called when there is a letter and was none before, by whoever posts it.
    explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

    /// Any thread.
    void post(Letter letter);

    /// All that came, in order. In a turn of the index.
    std::vector<Letter> take();

  private:
    std::function<void()> wake_;
    std::mutex mutex_;
    std::vector<Letter> letters_{};
};

}  // namespace xfsbus::peer::index
