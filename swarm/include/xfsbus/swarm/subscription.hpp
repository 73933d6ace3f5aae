#pragma once

#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::swarm {

/// What has become of a file.
enum class FileNews : std::uint8_t {
    there,     ///< it was there when the subscription began
    appeared,  ///< nobody had anything of this name
    changed,   ///< this name has this content now, too, or instead of another
    holders,   ///< others have it now, or, where nobody has, it was one content of several
    gone,      ///< nobody has anything of this name any more
};

/// What one subscription knows of the files that match, from the tracker's answers, and what of it
/// has not been told yet. A file is told as it is then, so who asks seldom is told less. After a
/// restart of the tracker only what differs is told. A core; one thread.
class Subscription {
  public:
    struct News {
        FileNews what = FileNews::there;
        wire::ListedFile file;
    };

    /// What a file takes in memory, with its name twice.
    static std::size_t bytes_of(std::string const& name) { return 320 + 2 * name.size(); }

    /// Some 300,000 files.
    static constexpr std::size_t bytes_most = 128 * 1024 * 1024;

    explicit Subscription(std::string pattern, std::size_t most = bytes_most)
        : pattern_(std::move(pattern)), most_(most) {}

    /// What the tracker is to be asked next.
    [[nodiscard]] wire::Subscribe question() const;

    /// Takes in what it answered. Errc::usage: more matches than there is room for.
    Status on_answer(wire::Changes const& answer);

    /// What is to be told next; nullopt: all is told.
    std::optional<News> next();

    /// The files that were told of, and are there.
    [[nodiscard]] std::vector<wire::ListedFile> files() const;

  private:
    using Version = std::pair<std::string, wire::ContentId>;

    struct Holders {
        std::uint32_t complete = 0;
        std::uint32_t partial = 0;

        [[nodiscard]] bool none() const { return complete == 0 && partial == 0; }

        friend bool operator==(Holders const&, Holders const&) = default;
    };

    struct State {
        std::uint64_t size = 0;
        Holders now;
        Holders told;            ///< none: it was not told of
        std::uint64_t list = 0;  ///< the last whole list that has it, or came before it appeared
        bool first = false;      ///< it came with the first list
        bool waits = false;      ///< to be told
    };

    /// Of a name: how many of its versions are so.
    struct Versions {
        std::size_t known = 0;
        std::size_t there = 0;
        std::size_t told = 0;
    };

    using Files = std::map<Version, State>;

    void take(wire::ListedFile const& file);
    void set(Files::iterator file, Holders holders);
    void sweep();
    void set_told(Files::iterator file);
    void forget(Files::iterator file);
    [[nodiscard]] FileNews news_of(Files::value_type const& file) const;

    std::string pattern_;
    std::size_t most_;
    std::size_t bytes_ = 0;
    std::uint64_t epoch_ = 0;
    std::uint64_t sequence_ = 0;
    std::string after_;
    std::uint64_t list_ = 0;  ///< the number of the whole list that came last
    bool swept_ = false;      ///< what that list does not name is gone
    bool first_ = true;       ///< the first list has not ended yet
    Files files_;
    std::map<std::string, Versions> names_;
    std::deque<Files::iterator> to_tell_;
};

}  // namespace xfsbus::swarm
