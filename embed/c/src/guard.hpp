#pragma once

// What stands between C and a peer: nothing that is thrown gets out.
#include "codes.hpp"
#include "outcome.hpp"
#include "views.hpp"

#include <xfsbus/peer/job.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/xfsbus.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

namespace xfsbus::c {

/// A call that is a mistake of the program: no result of a peer.
class Misuse final : public std::invalid_argument {
  public:
    using std::invalid_argument::invalid_argument;
};

/// What an argument points to. Throws Misuse if that is nothing.
template <typename T>
T& need(T* argument, char const* name) {
    if (argument == nullptr) {
        throw Misuse(std::string(name) + " is NULL");
    }
    return *argument;
}

inline std::string need_text(char const* argument, char const* name) {
    return &need(argument, name);
}

/// So long, but ten years at most, so that clocks can count it.
inline std::chrono::milliseconds milliseconds_of(std::int64_t given) {
    using std::chrono::milliseconds;
    return std::min(milliseconds(given),
                    std::chrono::duration_cast<milliseconds>(std::chrono::years(10)));
}

inline peer::Wait wait_of(std::int64_t timeout_ms) {
    return timeout_ms < 0 ? peer::Wait() : peer::Wait(milliseconds_of(timeout_ms));
}

/// Calls `work`, which returns why something did not work, if it did not, and makes a code of it,
/// and of whatever is thrown.
template <typename Work>
xfsbus_code guarded(xfsbus_error* error, Work const& work) noexcept {
    try {
        auto const failure = work();
        return failure ? tell(error, code_of(failure->code), failure->message)
                       : tell(error, XFSBUS_OK, {});
    } catch (Misuse const& mistake) {
        return tell(error, XFSBUS_ERROR_USAGE, mistake.what());
    } catch (std::bad_alloc const&) {
        return tell(error, XFSBUS_ERROR_FAILED, "out of memory");
    } catch (std::exception const& failure) {
        return tell(error, XFSBUS_ERROR_FAILED, failure.what());
    } catch (...) {
        return tell(error, XFSBUS_ERROR_FAILED, "an unknown fault");
    }
}

/// The same for a question, whose answer is handed out unless it is not wanted.
template <typename View, typename Question>
xfsbus_code answered(xfsbus_error* error, View const** to, Question const& question) noexcept {
    if (to != nullptr) {
        *to = nullptr;
    }
    return guarded(error, [&]() -> std::optional<Error> {
        auto const& result = question();
        if (result && to != nullptr) {
            *to = new_answer<View>(*result);
        }
        return error_of(result);
    });
}

}  // namespace xfsbus::c
