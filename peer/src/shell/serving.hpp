#pragma once

#include "core/rate_limit.hpp"
#include "core/share_table.hpp"
#include "core/uploads.hpp"
#include "disk/tree.hpp"
#include "share/share_index.hpp"
#include "worker_pool.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/data.hpp>

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

namespace xfsbus::peer {

/// A file that is being served: opened once, on a reading thread, and checked at every chunk to be
/// still the one that was indexed.
class ServedFile {
  public:
    ServedFile(std::shared_ptr<Tree const> tree, std::string name, FileStamp stamp)
        : tree_(std::move(tree)), name_(std::move(name)), stamp_(stamp) {}

    /// One reading thread. False: it has changed, vanished or cannot be read.
    bool read(std::span<std::byte> buffer, std::uint64_t offset);

    [[nodiscard]] std::string const& name() const { return name_; }

  private:
    [[nodiscard]] bool unchanged() const;

    std::shared_ptr<Tree const> tree_;
    std::string name_;
    FileStamp stamp_;
    bool opened_ = false;
    Fd fd_;
};

/// The shell of Uploads: answers other peers' questions and sends them chunks. Reactor thread.
class Serving {
  public:
    struct Owner {
        ShareTable const& share;
        std::shared_ptr<Tree const> tree;                       ///< null: nothing is shared
        std::function<std::uint32_t()> load;                    ///< of the whole peer
        std::function<void(std::string const& name)> on_stale;  ///< a file is not what was indexed
        std::function<void(std::string_view)> on_garbage;
    };

    Serving(bus::Reactor& reactor, Owner owner, std::uint64_t bytes_per_second);
    ~Serving();
    Serving(Serving const&) = delete;
    Serving& operator=(Serving const&) = delete;

    /// Binds the control socket.
    Status listen(wire::Endpoint const& endpoint);

    [[nodiscard]] wire::Endpoint const& endpoint() const { return server_->endpoint(); }

    [[nodiscard]] std::size_t load() const { return uploads_.load(); }

    [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }

  private:
    struct Ready {
        Uploads::Piece piece;
        bus::Payload payload;
    };

    /// The way to one sink.
    struct Outlet {
        std::unique_ptr<bus::ChunkSource> source;
        std::deque<Ready> ready;
        wire::Time used{};
    };

    void on_message(bus::Route const& route, std::string const& host, wire::Envelope&& envelope);
    void on_request(bus::Route const& route, std::string const& host, wire::Request const& request);
    void on_want(bus::Route const& route, std::string const& host, wire::Want const& want);
    [[nodiscard]] wire::Manifests manifests(wire::GetManifests const& question) const;
    void answer(bus::Route const& route, wire::Message const& message, std::uint64_t request);
    void tell(Uploads::Notice const& notice);

    void pump();
    void read(Uploads::Piece const& piece);
    void on_read(Uploads::Piece const& piece, bus::Payload payload);
    void on_unreadable(Uploads::Piece const& piece, std::string const& name);
    void drain(wire::Endpoint const& sink);
    [[nodiscard]] Outlet* outlet(wire::Endpoint const& sink);
    void tick();
    void schedule_tick();

    bus::Reactor& reactor_;
    Owner owner_;
    RateLimit limit_;
    Uploads uploads_;
    bus::BufferPool buffers_;
    std::unordered_map<wire::TransferId, std::shared_ptr<ServedFile>> files_;
    std::map<wire::Endpoint, Outlet> outlets_;
    std::uint64_t bytes_sent_ = 0;
    std::unique_ptr<bus::ControlServer> server_;
    std::optional<bus::Reactor::TimerId> pump_timer_;
    std::optional<bus::Reactor::TimerId> tick_timer_;
    /// Expired once this object is gone; tasks of other threads look before they touch it.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    WorkerPool readers_;  // last: its tasks end first
};

}  // namespace xfsbus::peer
