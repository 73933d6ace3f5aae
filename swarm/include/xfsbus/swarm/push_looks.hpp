#pragma once

#include <xfsbus/wire/time.hpp>

#include <optional>

namespace xfsbus::swarm {

/// When a push looks at the tracker's list of peers, and whether the list can be relied on: two
/// looks agree, the second was made when nothing else was left to be done, and the tracker had
/// been up for long enough to know all peers. Whatever a tracker says, there is an end. A core.
class PushLooks {
  public:
    static constexpr auto every = std::chrono::milliseconds(500);  ///< while nothing else is done
    static constexpr auto every_at_work = std::chrono::seconds(5);
    /// With nothing else to do, in all.
    static constexpr auto waiting_most = std::chrono::seconds(60);
    /// Looks that brought somebody new when nothing else was left to be done.
    static constexpr unsigned rounds_most = 20;

    /// Nothing is left to be done but to look, or that is over. Begins with nothing.
    void on_idle(wire::Time now, bool idle);

    /// A look begins; on_look or on_failed tells its end.
    void begin(wire::Time now);
    /// `news`: it named somebody new. `young`: the tracker may not know all.
    void on_look(wire::Time now, bool news, bool young);
    void on_failed(wire::Time now);

    /// When to look next; nullopt while a look is under way.
    [[nodiscard]] std::optional<wire::Time> due() const;

    /// The list is complete, as far as a tracker can tell.
    [[nodiscard]] bool settled() const { return settled_; }

    /// It is waited for no longer.
    [[nodiscard]] bool given_up(wire::Time now) const;

    [[nodiscard]] bool young() const { return young_; }

  private:
    [[nodiscard]] wire::Duration waited(wire::Time now) const;

    std::optional<wire::Time> idle_since_;
    wire::Duration waited_{};
    wire::Time ended_{};  ///< the last look
    bool looking_ = false;
    bool looked_ = false;
    bool from_idle_ = false;  ///< the look under way began with nothing left to be done
    bool young_ = false;
    bool settled_ = false;
    unsigned rounds_ = 0;
};

}  // namespace xfsbus::swarm
