#include <xfsbus/files/io.hpp>
#include <xfsbus/files/system.hpp>

#include <cerrno>

namespace xfsbus::files {
namespace {

/// Repeats `transfer(done)` until `size` bytes are through, it makes no progress, or it fails.
template <typename Transfer>
IoResult transfer_all(std::size_t size, Transfer transfer) {
    IoResult result;
    while (result.bytes < size) {
        auto const n = transfer(result.bytes);
        if (n <= 0) {
            result.error = n < 0 ? errno : 0;
            break;
        }
        result.bytes += static_cast<std::size_t>(n);
    }
    return result;
}

}  // namespace

IoResult read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) {
    return transfer_all(buffer.size(), [&](std::size_t done) {
        return files::pread(fd, buffer.data() + done, buffer.size() - done,
                            static_cast<off_t>(offset + done));
    });
}

bool read_whole(int fd, std::span<std::byte> buffer, std::uint64_t offset) {
    return read_at(fd, buffer, offset).bytes == buffer.size();
}

IoResult write_at(int fd, std::span<std::byte const> bytes, std::uint64_t offset) {
    return transfer_all(bytes.size(), [&](std::size_t done) {
        return files::pwrite(fd, bytes.data() + done, bytes.size() - done,
                             static_cast<off_t>(offset + done));
    });
}

}  // namespace xfsbus::files
