#include <xfsbus/files/system.hpp>
#include <xfsbus/program/output.hpp>

#include <cerrno>

#include <poll.h>

namespace xfsbus::program {

Output::Output(std::ostream& stream, int fd)
    : stream_(stream), before_(stream.rdbuf(this)), fd_(fd) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
}

Output::~Output() {
    stream_.rdbuf(before_);
}

int Output::flush() {
    stream_.flush();
    return error_;
}

Output::int_type Output::overflow(int_type c) {
    if (!drain()) {
        return traits_type::eof();
    }
    if (!traits_type::eq_int_type(c, traits_type::eof())) {
        *pptr() = traits_type::to_char_type(c);
        pbump(1);
    }
    return traits_type::not_eof(c);
}

int Output::sync() {
    return drain() ? 0 : -1;
}

/// What cannot be written is dropped.
bool Output::drain() {
    for (char const* from = pbase(); error_ == 0 && from < pptr();) {
        if (!write_some(from)) {
            error_ = errno;
        }
    }
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    return error_ == 0;
}

bool Output::write_some(char const*& from) {
    auto const n = files::write(fd_, from, static_cast<std::size_t>(pptr() - from));
    if (n >= 0) {
        from += n;
        return true;
    }
    if (errno == EAGAIN) {  // whoever shares the descriptor has made it so
        pollfd room{fd_, POLLOUT, 0};
        return ::poll(&room, 1, -1) >= 0 || errno == EINTR;
    }
    return errno == EINTR;
}

}  // namespace xfsbus::program
