#include "index/mailbox.hpp"

namespace xfsbus::peer::index {

void Mailbox::post(Letter letter) {
    bool first = false;
    {
        std::lock_guard const lock(mutex_);
        first = letters_.empty();
        letters_.push_back(std::move(letter));
    }
    if (first) {
        wake_();
    }
}

std::vector<Mailbox::Letter> Mailbox::take() {
    std::lock_guard const lock(mutex_);
    return std::exchange(letters_, {});
}

}  // namespace xfsbus::peer::index
