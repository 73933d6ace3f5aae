#include "index/mailbox.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>

namespace xfsbus::peer::index {

Mailbox::Mailbox() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!event_) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
}

void Mailbox::post(Letter letter) {
    bool first = false;
    {
        std::lock_guard const lock(mutex_);
        first = letters_.empty();
        letters_.push_back(std::move(letter));
    }
    if (first) {
        wake();
    }
}

void Mailbox::wake() const {
    ::eventfd_write(event_.get(), 1);
}

std::vector<Mailbox::Letter> Mailbox::take() {
    eventfd_t ignored = 0;
    ::eventfd_read(event_.get(), &ignored);
    std::lock_guard const lock(mutex_);
    return std::exchange(letters_, {});
}

}  // namespace xfsbus::peer::index
