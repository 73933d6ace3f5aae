#pragma once

#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <tinyxml2.h>

namespace xfsbus::lab::platform {

/// The first thing that is wrong with a file.
class Complaint {
  public:
    explicit Complaint(std::string file) : file_(std::move(file)) {}

    /// Kept if it is the first: "FILE:LINE: WHAT".
    void about(int line, std::string const& what);

    [[nodiscard]] std::optional<Error> const& first() const { return first_; }

  private:
    std::string file_;
    std::optional<Error> first_;
};

/// An element of a file. What is wrong with an attribute goes to the Complaint, and the value that
/// is returned then means nothing. Valid as long as the document.
class Element {
  public:
    Element(Complaint& complaint, tinyxml2::XMLElement const& element)
        : complaint_(complaint), element_(element) {}

    [[nodiscard]] std::string tag() const { return element_.Name(); }

    [[nodiscard]] int line() const { return element_.GetLineNum(); }

    [[nodiscard]] bool has(char const* attribute) const {
        return element_.Attribute(attribute) != nullptr;
    }

    /// Empty if it is not there.
    [[nodiscard]] std::string text(char const* attribute) const;
    [[nodiscard]] std::string needed(char const* attribute) const;
    [[nodiscard]] double bandwidth(char const* attribute) const;
    /// 0 if it is not there.
    [[nodiscard]] wire::Duration latency(char const* attribute) const;
    /// The index of the word, of which case does not count.
    [[nodiscard]] std::size_t word(char const* attribute, std::size_t otherwise,
                                   std::initializer_list<std::string_view> words) const;

    /// Complains of attributes that are none of these.
    void only(std::initializer_list<std::string_view> attributes) const;

    void wrong(std::string const& what) const;

    [[nodiscard]] bool failed() const { return complaint_.first().has_value(); }

    /// Calls `one` for each element within, until something is wrong.
    template <typename One>
    void each(One one) const {
        for (auto const* inner = element_.FirstChildElement(); inner != nullptr && !failed();
             inner = inner->NextSiblingElement()) {
            one(Element(complaint_, *inner));
        }
    }

  private:
    Complaint& complaint_;
    tinyxml2::XMLElement const& element_;
};

}  // namespace xfsbus::lab::platform
