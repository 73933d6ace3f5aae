/// What many small files cost at the least: COUNT files of 4 KiB in DIRECTORY, which must be there,
/// from one process to another over a TCP connection on loopback, with the calls of the system that
/// no program of this kind can do without, nothing hashed, nothing asked, and no threads.
/// Prints one JSON object: files, seconds, and the CPU seconds of source and sink.
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_bytes = 4096;
constexpr std::size_t header_bytes = 64;  // as long as that of a chunk, about
constexpr unsigned files_a_folder = 1000;

using Message = std::array<char, header_bytes + file_bytes>;

template <typename T>
T checked(T result, char const* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

int open_folder(fs::path const& parent, unsigned file) {
    auto const path = parent / std::to_string(file / files_a_folder);
    fs::create_directories(path);
    return checked(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open");
}

/// Calls `act` with each file's folder, open, and its name in it.
template <typename Act>
void for_each_file(fs::path const& parent, unsigned count, Act const& act) {
    int folder = -1;
    for (unsigned file = 0; file < count; ++file) {
        if (file % files_a_folder == 0) {
            ::close(folder);
            folder = open_folder(parent, file);
        }
        act(folder, "f" + std::to_string(file));
    }
    ::close(folder);
}

void make(int folder, std::string const& name) {
    static Message const bytes{};
    int const fd = checked(::openat(folder, name.c_str(), O_WRONLY | O_CREAT, 0666), "make");
    checked(::write(fd, bytes.data(), file_bytes), "write");
    ::close(fd);
}

/// Opened, seen to be what was indexed before and after it is read, and sent.
void send_file(int to, int folder, std::string const& name) {
    Message message{};

    struct stat status {};

    int const fd = checked(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW), "open");
    checked(::fstat(fd, &status), "fstat");
    checked(::pread(fd, message.data() + header_bytes, file_bytes, 0), "pread");
    checked(::fstat(fd, &status), "fstat");
    ::close(fd);
    checked(::send(to, message.data(), message.size(), 0), "send");
}

/// Not there yet, written under another name, given its time and its name, and its stamp taken.
void take_file(int from, int folder, std::string const& name) {
    Message message{};

    struct stat status {};

    ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
    checked(::recv(from, message.data(), message.size(), MSG_WAITALL), "recv");
    auto const part = "." + name + ".part";
    int const fd = checked(::openat(folder, part.c_str(), O_RDWR | O_CREAT | O_EXCL, 0666), "make");
    checked(::pwrite(fd, message.data() + header_bytes, file_bytes, 0), "pwrite");
    timespec const times[] = {{0, UTIME_OMIT}, {1, 0}};
    checked(::futimens(fd, times), "futimens");
    ::close(fd);
    checked(::renameat2(folder, part.c_str(), folder, name.c_str(), RENAME_NOREPLACE), "rename");
    checked(::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW), "fstatat");
}

/// Both ends of a connection; the second one is the source's.
std::array<int, 2> connect_both() {
    int const listener = checked(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    checked(::bind(listener, generic, length), "bind");
    checked(::listen(listener, 1), "listen");
    checked(::getsockname(listener, generic, &length), "getsockname");
    int const source = checked(::socket(AF_INET, SOCK_STREAM, 0), "socket");
    checked(::connect(source, generic, length), "connect");
    int const sink = checked(::accept(listener, nullptr, nullptr), "accept");
    ::close(listener);
    return {sink, source};
}

double cpu(int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    auto const seconds = [](timeval const& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void measure(fs::path const& directory, unsigned count) {
    for_each_file(directory / "source", count, make);
    auto const [sink, source] = connect_both();
    auto const cpu_before = cpu(RUSAGE_SELF);
    auto const begin = std::chrono::steady_clock::now();
    auto const child = checked(::fork(), "fork");
    if (child == 0) {
        for_each_file(directory / "sink", count, [from = sink](int folder, auto const& name) {
            take_file(from, folder, name);
        });
        std::_Exit(0);
    }
    for_each_file(directory / "source", count,
                  [to = source](int folder, auto const& name) { send_file(to, folder, name); });
    int status = 0;
    checked(::waitpid(child, &status, 0), "waitpid");
    std::chrono::duration<double> const seconds = std::chrono::steady_clock::now() - begin;
    if (status != 0) {
        throw std::runtime_error("the sink has failed");
    }
    std::printf(R"({"files": %u, "seconds": %.3f, "source_cpu": %.3f, "sink_cpu": %.3f})"
                "\n",
                count, seconds.count(), cpu(RUSAGE_SELF) - cpu_before, cpu(RUSAGE_CHILDREN));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: xfs-bench-small-floor DIRECTORY COUNT\n");
        return 64;
    }
    try {
        measure(argv[1], static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)));
    } catch (std::exception const& error) {
        std::fprintf(stderr, "xfs-bench-small-floor: %s\n", error.what());
        return 1;
    }
    return 0;
}
