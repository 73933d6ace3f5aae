#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace xfsbus {

/// Why something did not work. What a program makes of it, such as an exit code, is its own affair.
enum class Errc : std::uint8_t {
    failed,               ///< anything without a code of its own
    usage,                ///< asked wrongly: arguments, options, parameters
    not_found,            ///< nobody has it
    tracker_unreachable,  ///< no answer from the tracker
    timeout,              ///< a deadline passed
    network,              ///< an address, a socket, a peer
    interrupted,          ///< stopped on request; can be resumed
    integrity,            ///< bytes that are not what their hash says
    disk,                 ///< full, unreadable, unwritable
    not_authorised,       ///< not allowed
    plugin,               ///< a plug-in that was refused
    ended,                ///< what was asked is no more
};

/// "not-found".
constexpr std::string_view name_of(Errc code) {
    switch (code) {
        case Errc::usage:
            return "usage";
        case Errc::not_found:
            return "not-found";
        case Errc::tracker_unreachable:
            return "tracker-unreachable";
        case Errc::timeout:
            return "timeout";
        case Errc::network:
            return "network";
        case Errc::interrupted:
            return "interrupted";
        case Errc::integrity:
            return "integrity";
        case Errc::disk:
            return "disk";
        case Errc::not_authorised:
            return "not-authorised";
        case Errc::plugin:
            return "plugin";
        case Errc::ended:
            return "ended";
        case Errc::failed:
            break;
    }
    return "failed";
}

/// An expected failure, as a value: a code for programs, a sentence for people. The sentence says
/// what was wrong and what to do about it.
struct Error {
    Errc code = Errc::failed;
    std::string message;

    friend bool operator==(Error const&, Error const&) = default;
};

/// A value or the reason why there is none. (C++20 has no std::expected.) To ask for the one that
/// is not there is a bug, which ends the program with a word, in every build.
///
/// What is asked of a Result that is about to go is handed over, not referred to: so a loop over
/// `*peer.find("**")` has what it loops over. `->` would refer to it, and is refused there.
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

    [[nodiscard]] T value() && { return std::move(checked<0>(state_)); }

    T const& operator*() const& { return value(); }

    T& operator*() & { return value(); }

    T operator*() && { return std::move(*this).value(); }

    T const* operator->() const& { return &value(); }

    T* operator->() & { return &value(); }

    T* operator->() && = delete;

    /// Only if !ok().
    [[nodiscard]] Error const& error() const& { return checked<1>(state_); }

    [[nodiscard]] Error error() && { return std::move(checked<1>(state_)); }

  private:
    template <std::size_t I, typename State>
    static auto& checked(State& state) {
        auto* const there = std::get_if<I>(&state);
        if (there == nullptr) {
            misused(I == 0 ? "the value of a Result that is an Error: " + word_of(state)
                           : std::string("the Error of a Result that is a value"));
        }
        return *there;
    }

    template <typename State>
    static std::string word_of(State& state) {
        auto* const error = std::get_if<1>(&state);
        return error != nullptr ? error->message : std::string();
    }

    [[noreturn]] static void misused(std::string const& what) {
        std::fprintf(stderr, "xfsbus: a bug of this program asks for %s\n", what.c_str());
        std::abort();
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
