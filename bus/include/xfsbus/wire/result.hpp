#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace xfsbus {

/// Why something did not work. The values are the programs' exit codes.
enum class Errc {
    failed = 1,               ///< anything without a code of its own
    usage = 2,                ///< asked wrongly: arguments, options, parameters
    not_found = 3,            ///< nobody has it
    tracker_unreachable = 4,  ///< no answer from the tracker
    timeout = 5,              ///< a deadline passed
    network = 6,              ///< an address, a socket, a peer
    interrupted = 7,          ///< stopped on request; can be resumed
    integrity = 8,            ///< bytes that are not what their hash says
    disk = 9,                 ///< full, unreadable, unwritable
    not_authorised = 10,      ///< not allowed
    plugin = 11,              ///< a plug-in that was refused
};

/// An expected failure, as a value: a code for programs, a sentence for people. The sentence says
/// what was wrong and what to do about it.
struct Error {
    Errc code = Errc::failed;
    std::string message;

    friend bool operator==(Error const&, Error const&) = default;
};

/// A value or the reason why there is none. (C++20 has no std::expected.)
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}

    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool ok() const { return state_.index() == 0; }

    explicit operator bool() const { return ok(); }

    /// Only if ok().
    [[nodiscard]] T const& value() const& { return checked<0>(state_); }

    [[nodiscard]] T& value() & { return checked<0>(state_); }

    [[nodiscard]] T&& value() && { return std::move(checked<0>(state_)); }

    T const& operator*() const& { return value(); }

    T& operator*() & { return value(); }

    T const* operator->() const { return &value(); }

    T* operator->() { return &value(); }

    /// Only if !ok().
    [[nodiscard]] Error const& error() const { return checked<1>(state_); }

  private:
    template <std::size_t I, typename State>
    static auto& checked(State& state) {
        assert(state.index() == I);
        return *std::get_if<I>(&state);
    }

    std::variant<T, Error> state_;
};

/// Nothing, or the reason why it was not done.
using Status = Result<std::monostate>;

/// The Status of success.
inline Status done() {
    return std::monostate{};
}

}  // namespace xfsbus
