#pragma once

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>

#include <unistd.h>

/// What a policy that ranks does wrong in its construction, if its parameter says so.
inline void create_faultily(std::string const& fault) {
    static std::atomic<int> created = 0;
    if (fault == "create" || (fault == "create_again" && ++created % 2 == 0)) {
        throw std::runtime_error("failing in create on purpose");
    }
}

/// And instead of the rank of the third, which is -2.
inline double faulty_rank(std::string const& fault) {
    if (fault == "rank") {
        throw std::runtime_error("failing in rank on purpose");
    }
    if (fault == "rank_int") {
        throw 42;
    }
    if (fault == "crash") {
        std::raise(SIGSEGV);
    }
    if (fault == "exit") {
        std::_Exit(3);
    }
    while (fault == "hang") {
        ::pause();
    }
    if (fault == "nan") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (fault == "infinite") {
        return std::numeric_limits<double>::infinity();
    }
    return fault == "minus_infinite" ? -std::numeric_limits<double>::infinity() : -2.0;
}
