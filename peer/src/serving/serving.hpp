#pragma once

#include "index/publications.hpp"
#include "index/served_files.hpp"
#include "net/alarm.hpp"
#include "net/pool_jobs.hpp"
#include "serving/chunk_senders.hpp"
#include "serving/looker.hpp"
#include "serving/partial_server.hpp"
#include "storage/tree.hpp"
#include "threads/worker_pool.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/data.hpp>
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/swarm/share_table.hpp>
#include <xfsbus/swarm/source_session.hpp>

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

namespace xfsbus::peer::serving {

/// Gives a SourceSession its sockets, files and clock: answers other peers' questions and sends
/// them chunks. Reactor thread.
class Serving final : public PartialServer {
  public:
    struct Owner {
        swarm::ShareTable const& share;
        index::Publications const& published;       ///< what of the share is not in the directory
        std::shared_ptr<storage::Tree const> tree;  ///< null: nothing is shared
        std::function<wire::Pong()> vitals;         ///< of the whole peer
        std::function<void(std::string const& name)> on_stale;  ///< a file is not what was indexed
        /// A sink says that the bytes of this file are not those of its content.
        std::function<void(std::string const& name)> on_doubt;
        std::function<void(std::string_view)> on_garbage;
        OnLog on_event;                        ///< for the log
        LogLevel log_level = LogLevel::debug;  ///< what is less important is not logged
        /// A sink of this content serves what it has of it at this address.
        std::function<void(wire::ContentId const&, wire::Endpoint const&)> on_sink;
        /// The answer to another peer that asks us to fetch a file.
        std::function<wire::Message(wire::Push const&)> on_push;
    };

    /// `disk`: reads files; outlives it.
    Serving(bus::Reactor& reactor, bus::Security const& security, threads::Crew& disk, Owner owner,
            swarm::Uploads::Limits const& limits, std::uint64_t seed);
    Serving(Serving const&) = delete;
    Serving& operator=(Serving const&) = delete;

    /// Binds the control socket, which takes so many connections.
    Status listen(wire::Endpoint const& endpoint, std::size_t connections_most);

    [[nodiscard]] wire::Endpoint const& endpoint() const override { return server_->endpoint(); }

    /// As swarm::Uploads::set_choice.
    void set_choice(std::shared_ptr<policies::UploadChoice> choice,
                    swarm::Deliveries const* deliveries) {
        session_.set_choice(std::move(choice), deliveries);
    }

    // ---- contents that are being fetched ----

    bool offer(std::shared_ptr<swarm::ContentState> content, std::string const& name,
               Read read) override;
    void completed(wire::ContentId const& content, swarm::IndexedFile const& file) override;
    void withdraw(wire::ContentId const& content) override;

    /// A file of this content is not shared any more. Transfers of it go on with another that is;
    /// without one they end, and who fetches is told.
    void unshared(wire::ContentId const& content);

    /// How much of these is here now: for this peer itself, which sees it as others do.
    void look(std::vector<wire::ContentId> const& contents, Looker::OnLooked const& on_looked) {
        looker_.look(contents, on_looked);
    }

    // ---- figures ----

    [[nodiscard]] std::size_t load() const { return session_.uploads().transfers.size(); }

    [[nodiscard]] std::uint64_t bytes_sent() const { return senders_.bytes_sent(); }

    [[nodiscard]] std::vector<UploadStatus> uploads() const;

  private:
    /// What a transfer is read from.
    struct Reading {
        std::string name;
        Read read{};
        bool of_program = false;                ///< it takes as long as the program does
        std::vector<wire::ContentId> bundle{};  ///< then `read` is empty: see reading_of_bundle
    };

    /// That something could not be read.
    struct Unread {
        std::string name;  ///< empty: one of a bundle, and its sink will ask for each alone
        index::ReadOutcome outcome{};
        int error = 0;  ///< errno says why, of one that is unreadable
    };

    // messages
    void on_message(wire::Sender const& sender, wire::Envelope&& envelope);
    void on_ping(wire::Sender const& sender, wire::Ping const& ping, std::uint64_t request);
    [[nodiscard]] wire::Manifests manifests(wire::GetManifests const& question) const;
    void on_closed(wire::Route const& route);
    void answer(wire::Route const& route, wire::Message const& message, std::uint64_t request);

    // what the session wants done
    void pump();
    void carry_out(swarm::SourceSession::Actions& actions);
    void begin(swarm::SourceSession::Begun const& begun);
    void refuse(swarm::SourceSession::Notice const& notice);
    void note_ended(swarm::Uploads::Ended const& ended);

    // reading
    [[nodiscard]] swarm::SourceSession::Content whole(wire::ContentId const& content) const;
    [[nodiscard]] Reading reading_of(wire::ContentId const& content) const;
    [[nodiscard]] Reading reading_of(swarm::IndexedFile const& file) const;
    [[nodiscard]] Reading reading_of(swarm::SourceSession::Begun const& begun) const;
    [[nodiscard]] std::optional<Reading> reading_of_bundle(
        std::vector<wire::ContentId> const& contents) const;
    [[nodiscard]] wire::ContentId shown_content(swarm::UploadTransfer const& transfer) const;
    void read(swarm::Uploads::Piece const& piece);
    bus::Reactor::Task read_now(swarm::Uploads::Piece const& piece, Reading const& reading,
                                std::weak_ptr<bool> const& alive);
    void on_read(swarm::Uploads::Piece const& piece, bus::Payload payload);
    void on_unreadable(swarm::Uploads::Piece const& piece, Unread const& why);
    [[nodiscard]] wire::Failure why_unread(Unread const& why);
    void close_files_later();
    void close_files();

    bus::Reactor& reactor_;
    std::function<void(bus::Reactor::Task)> post_;  ///< for libzmq, which may outlive the reactor
    bus::Security security_;
    Owner owner_;
    swarm::SourceSession session_;
    ChunkSenders senders_;
    std::shared_ptr<index::ServedFiles> files_;  ///< used by the reading thread
    bus::BufferPool buffers_;
    net::Alarm closing_;  ///< of files_ that nobody wants any more
    bool closing_due_ = false;
    std::map<wire::ContentId, Reading> partial_;  ///< of contents that are being fetched
    std::unordered_map<wire::TransferId, Reading> readings_;
    std::unique_ptr<bus::ControlServer> server_;
    net::Alarm alarm_;
    /// Expired once this object is gone; tasks of other threads look before they touch it.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    Looker looker_;
    threads::WorkerPool readers_;  // its tasks end first
    net::PoolJobs reads_;
    threads::WorkerPool program_readers_;  ///< of what is published: who hangs there, hangs alone
    net::PoolJobs program_reads_;
};

}  // namespace xfsbus::peer::serving
