package httpapi

// routes is the API in one place; openapi.yaml describes it, and a test holds
// the two against each other.
func (s *Server) routes() {
	e := s.echo
	e.GET("/ping", ping)
	e.GET("/ready", s.ready)

	e.POST("/command", s.runCommand, s.counted)
	e.DELETE("/command", s.interrupt)
	e.GET("/command/status/:id", s.commandStatus)
	e.GET("/command/:id/logs", s.commandLogs)

	e.POST("/code", s.runCode, s.counted)
	e.DELETE("/code", s.interrupt)
	e.GET("/code/languages", s.listLanguages)
	e.POST("/code/context", s.createContext)
	e.GET("/code/contexts", s.listContexts)
	e.DELETE("/code/contexts", s.deleteContexts)
	e.GET("/code/contexts/:id", s.getContext)
	e.DELETE("/code/contexts/:id", s.deleteContext)
	e.POST("/code/contexts/:id/restart", s.restartContext)

	e.GET("/executions", s.listExecutions)
	e.GET("/executions/:id", s.getExecution)
	e.DELETE("/executions/:id", s.removeExecution)
	e.GET("/executions/:id/events", s.executionEvents, s.counted)
	e.GET("/executions/:id/late", s.executionLate, s.counted)
	e.GET("/executions/:id/output", s.executionOutput)
	e.GET("/executions/:id/wait", s.waitExecution, s.counted)
	e.POST("/executions/:id/stdin", s.executionStdin)
	e.POST("/executions/:id/signal", s.signalExecution)

	e.POST("/session", s.createSession)
	e.GET("/session", s.listSessions)
	e.GET("/session/:id", s.getSession)
	e.DELETE("/session/:id", s.deleteSession)
	e.POST("/session/:id/run", s.runInSession, s.counted)

	e.POST("/pty", s.createTerminal)
	e.GET("/pty", s.listTerminals)
	e.GET("/pty/:id", s.getTerminal)
	e.DELETE("/pty/:id", s.deleteTerminal)
	e.GET("/pty/:id/ws", s.ptySocket, s.counted)

	e.GET("/debug/actors", s.actors)
	e.GET(consolePath, s.console)
	e.GET(consolePath+"/:asset", s.console)

	s.fileRoutes()
	s.transferRoutes()
	s.metricsRoutes()
	s.isolatedRoutes()
}

func (s *Server) fileRoutes() {
	e := s.echo
	e.GET("/files/info", s.fileInfo)
	e.DELETE("/files", s.deleteFiles)
	e.POST("/files/permissions", s.setPermissions)
	e.POST("/files/mv", s.moveFiles)
	e.POST("/files/replace", s.replaceInFiles)

	e.GET("/files/search", s.searchFiles)
	e.GET("/files/watch", s.watchFiles, s.counted)
	e.GET("/files/archive", s.archiveFiles)
	e.POST("/files/extract", s.extractFiles, s.lingering)
	e.OPTIONS(resumablePath, s.resumable.options)
	e.POST(resumablePath, s.resumable.serve, s.lingering)
	e.HEAD(resumablePath+"/:id", s.resumable.serve)
	e.PATCH(resumablePath+"/:id", s.resumable.serve, s.lingering)
	e.DELETE(resumablePath+"/:id", s.resumable.serve)

	e.GET("/directories/list", s.listDirectory)
	e.POST("/directories", s.makeDirectories)
	e.DELETE("/directories", s.removeDirectories)
}

func (s *Server) transferRoutes() {
	e := s.echo
	e.GET("/files/download", s.download)
	e.HEAD("/files/download", s.download)
	e.POST("/files/upload", s.uploadFiles, s.lingering)
	e.PUT("/files/upload", s.putFile, s.lingering)
}
