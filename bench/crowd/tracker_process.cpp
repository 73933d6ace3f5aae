#include "crowd/tracker_process.hpp"

#include <fstream>
#include <string>
#include <system_error>

#include <time.h>
#include <unistd.h>

namespace xfsbus::bench {

std::chrono::nanoseconds TrackerProcess::cpu() const {
    clockid_t clock{};
    timespec time{};
    int error = ::clock_getcpuclockid(pid_, &clock);
    if (error == 0 && ::clock_gettime(clock, &time) != 0) {
        error = errno;
    }
    if (error != 0) {
        throw std::system_error(error, std::generic_category(), "the tracker's CPU time");
    }
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::size_t TrackerProcess::resident_kib() const {
    std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
    std::size_t whole = 0;
    std::size_t resident = 0;
    statm >> whole >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

}  // namespace xfsbus::bench
