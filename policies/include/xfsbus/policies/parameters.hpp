#pragma once

#include <xfsbus/policies/abi.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace xfsbus::policies {

/// The parameters of a plug-in by name: what the user gave over the declared defaults.
/// A value; it keeps nothing of what it was made from. Everything that is wrong with a parameter
/// is a std::invalid_argument whose text names the parameter and the value.
class Parameters {
  public:
    Parameters(std::span<::xfsbus_parameter_info const> declared,
               std::span<::xfsbus_parameter const> given) {
        for (auto const& info : declared) {
            values_.emplace_back(info.name, info.default_value);
        }
        for (auto const& parameter : given) {
            values_[index_of(parameter.name)].second = parameter.value;
        }
    }

    /// The value as it was written.
    [[nodiscard]] std::string const& text(std::string_view name) const {
        return values_[index_of(name)].second;
    }

    /// A finite number in [min, max].
    [[nodiscard]] double number(std::string_view name,
                                double min = std::numeric_limits<double>::lowest(),
                                double max = std::numeric_limits<double>::max()) const {
        auto const value = parse<double>(name, "a number");
        if (!std::isfinite(value)) {
            throw std::invalid_argument(std::string(name) + ": '" + text(name) +
                                        "' is not a finite number");
        }
        return checked(name, value, min, max);
    }

    /// An integer in [min, max].
    [[nodiscard]] std::int64_t integer(
        std::string_view name, std::int64_t min = std::numeric_limits<std::int64_t>::min(),
        std::int64_t max = std::numeric_limits<std::int64_t>::max()) const {
        return checked(name, parse<std::int64_t>(name, "an integer"), min, max);
    }

  private:
    [[nodiscard]] std::size_t index_of(std::string_view name) const {
        for (std::size_t i = 0; i < values_.size(); ++i) {
            if (values_[i].first == name) {
                return i;
            }
        }
        throw std::invalid_argument("unknown parameter '" + std::string(name) + "'");
    }

    template <class Number>
    [[nodiscard]] Number parse(std::string_view name, char const* what) const {
        std::string const& value = text(name);
        Number result{};
        char const* const end = value.data() + value.size();
        auto const [stop, error] = std::from_chars(value.data(), end, result);
        if (error == std::errc::result_out_of_range) {
            throw std::invalid_argument(std::string(name) + ": " + value + " is out of range");
        }
        if (error != std::errc() || stop != end) {
            throw std::invalid_argument(std::string(name) + ": '" + value + "' is not " + what);
        }
        return result;
    }

    template <class Number>
    [[nodiscard]] Number checked(std::string_view name, Number value, Number min,
                                 Number max) const {
        if (value < min || value > max) {
            throw std::invalid_argument(std::string(name) + ": " + text(name) +
                                        " is out of range (" + shown(min) + " to " + shown(max) +
                                        ")");
        }
        return value;
    }

    /// The shortest way to write a number; "1e9" rather than "1e+09".
    template <class Number>
    static std::string shown(Number value) {
        std::array<char, 32> buffer{};
        auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
        std::string text(buffer.data(), end);
        if (auto const at = text.find("e+"); at != std::string::npos) {
            text.erase(at + 1, text[at + 2] == '0' ? 2 : 1);
        }
        return text;
    }

    std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace xfsbus::policies
